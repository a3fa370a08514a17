#include "services/runner/host/host_start.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "services/runner/cell/cgroup_files.h"
#include "services/runner/complain.h"
#include "services/runner/host/host.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

// Of what systemd-run says.
constexpr std::size_t kMaxWords = 200;

bool Exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Without a terminal, and its complaints in a file. -1: no process more.
pid_t Spawn(std::vector<std::string> words, const std::string& log_path,
            int log_flags) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setsid();
  const UniqueFd null(::open("/dev/null", O_RDWR));
  const UniqueFd log(
      ::open(log_path.c_str(), O_WRONLY | O_NOFOLLOW | log_flags, 0600));
  ::dup2(null.get(), 0);
  ::dup2(null.get(), 1);
  ::dup2(log.valid() ? log.get() : null.get(), 2);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv.front(), argv.data());
  Complain("cannot start " + words.front() + ": " + std::strerror(errno));
  ::_exit(kHostFailed);
}

}  // namespace

HostStart::HostStart(DoorPath door, std::string cgroup, HostPlaces places)
    : door_(std::move(door)),
      cgroup_(std::move(cgroup)),
      places_(std::move(places)) {}

void HostStart::Advance() {
  if (!started_) {
    started_ = IsFree();
    if (started_) BeginFirst();
  } else if (delegating_ >= 0) {
    undelegated_ = WhyNotDelegated();
    if (!undelegated_.empty()) BeginAlone();
  }
}

bool HostStart::IsFree() const { return LockDoor(door_).valid(); }

void HostStart::BeginFirst() {
  // Beside version 1 systemd delegates no controllers.
  if (!Exists(places_.cgroups + "/cgroup.controllers")) return BeginAlone();
  const std::string manager = RuntimeFolder() + "/systemd/private";
  if (Exists(manager)) return BeginDelegated();
  if (Exists(places_.systemd)) {
    undelegated_ = "this login has no systemd of its own, there is no " +
                   manager +
                   "; libpam-systemd with \"UsePAM yes\" in sshd_config, or "
                   "loginctl enable-linger, would do";
  }
  BeginAlone();
}

std::string HostStart::WhyNotDelegated() {
  if (::waitpid(delegating_, nullptr, WNOHANG) == delegating_) {
    delegating_ = -1;
    return "systemd-run gave no cgroup: " + LastWords();
  }
  if (Clock::now() - began_ < places_.delegation_limit) return {};
  // It is the host, which only does not answer yet; or another line looks, for
  // a moment: the next look tells.
  if (!IsFree()) return {};
  const pid_t late = std::exchange(delegating_, -1);
  ::kill(late, SIGKILL);
  ::waitpid(late, nullptr, 0);
  return "systemd-run gave no cgroup in time";
}

void HostStart::BeginDelegated() {
  ::setenv("XDG_RUNTIME_DIR", RuntimeFolder().c_str(), 0);
  std::vector<std::string> words = {"systemd-run", "--user",
                                    "--scope",     "--quiet",
                                    "--collect",   "--property=Delegate=yes",
                                    "--"};
  for (std::string& word : HostWords()) words.push_back(std::move(word));
  began_ = Clock::now();
  delegating_ = Spawn(std::move(words), log(), O_CREAT | O_TRUNC);
}

void HostStart::BeginAlone() {
  std::vector<std::string> words = HostWords();
  if (!undelegated_.empty()) {
    words.insert(words.end(), {"--undelegated", undelegated_});
  }
  // What systemd-run said stays.
  Spawn(std::move(words), log(),
        O_CREAT | (undelegated_.empty() ? O_TRUNC : O_APPEND));
}

std::vector<std::string> HostStart::HostWords() const {
  std::error_code error;
  const std::string program =
      std::filesystem::canonical(places_.program, error);
  return {program,   "host",       "--executor", door_.executor,
          "--state", door_.folder, "--cgroup",   cgroup_};
}

std::string HostStart::RuntimeFolder() const {
  return places_.users + "/" + std::to_string(::geteuid());
}

std::string HostStart::LastWords() const {
  const std::vector<std::string> lines = Split(ReadCgroupFile(log()), '\n');
  if (lines.empty()) return "it said nothing";
  std::string last = lines.back().substr(0, kMaxWords);
  std::replace_if(
      last.begin(), last.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return last;
}

}  // namespace airlock::runner
