#include "tests/support/test_sshd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/free_port.h"

namespace airlock {
namespace {

// In the environment of every program a login starts.
constexpr absl::string_view kMark = "AIRLOCK_TEST_SSHD=";
constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kLook = absl::Milliseconds(5);

void WriteText(const std::string& path, absl::string_view text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void MakeKeyPair(const std::string& path, const std::string& type,
                 const std::string& passphrase) {
  std::filesystem::remove(path);
  RunTool({"/usr/bin/ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C",
           "airlock test", "-f", path});
}

// Of the processes there are now.
struct Seen {
  pid_t parent = 0;
  // Stopped, or dead: it starts no other process.
  bool at_rest = false;
  // The program's name, at most 15 characters.
  std::string name;
};

std::map<pid_t, Seen> Processes() {
  std::map<pid_t, Seen> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    // "pid (name) state parent ...": the name can hold anything.
    const std::string stat = ReadText(entry.path() / "stat");
    const std::size_t open = stat.find('(');
    const std::size_t close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    const std::vector<std::string> rest =
        absl::StrSplit(stat.substr(close + 1), ' ', absl::SkipEmpty());
    Seen seen;
    seen.name = stat.substr(open + 1, close - open - 1);
    if (rest.size() < 2 || !absl::SimpleAtoi(rest[1], &seen.parent)) continue;
    seen.at_rest = rest[0] == "T" || rest[0] == "Z" || rest[0] == "X";
    all.emplace(pid, std::move(seen));
  }
  return all;
}

bool IsBelow(pid_t top, pid_t pid, const std::map<pid_t, Seen>& all) {
  for (auto at = all.find(pid); at != all.end() && at->first > 1;
       at = all.find(at->second.parent)) {
    if (at->second.parent == top) return true;
  }
  return false;
}

bool HasMark(pid_t pid, const std::string& mark) {
  const std::string environment =
      ReadText(absl::StrCat("/proc/", pid, "/environ"));
  const std::vector<std::string> entries = absl::StrSplit(environment, '\0');
  return std::find(entries.begin(), entries.end(), mark) != entries.end();
}

// Until none is left: whoever is killed may just have started another.
template <typename Find>
void KillAll(Find find) {
  const absl::Time give_up = absl::Now() + kPatience;
  while (true) {
    const std::vector<pid_t> found = find();
    if (found.empty()) return;
    if (absl::Now() > give_up) throw std::runtime_error("processes stay");
    for (const pid_t pid : found) kill(pid, SIGKILL);
    absl::SleepFor(kLook);
  }
}

bool Answers(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0;
  close(fd);
  return connected;
}

}  // namespace

std::string RunTool(const std::vector<std::string>& argv) {
  ChildProcess tool(argv);
  const std::optional<int> code = tool.WaitExit(kPatience);
  const std::string output = tool.whole_output();
  if (code != 0) {
    throw std::runtime_error(absl::StrCat(absl::StrJoin(argv, " "), ": ",
                                          code.value_or(-1), ": ", output));
  }
  return std::string(absl::StripTrailingAsciiWhitespace(output));
}

TestSshd::TestSshd(TestSshdOptions options)
    : options_(std::move(options)), port_(FreePort()) {
  // The account passes through, and sees nothing else of it.
  chmod(directory_.path().c_str(), 0711);
  MakeUser();
  MakeHome();
  WriteText(directory_ / "authorized_keys", "");
  for (const std::string& type : options_.host_key_types) ReplaceHostKey(type);
  key_path_ = MakeKey("ed25519");
  WriteConfig();
  Start();
}

TestSshd::~TestSshd() {
  Stop();
  StopPrograms();
}

void TestSshd::MakeUser() {
  const passwd* entry = getpwuid(getuid());
  if (getuid() == 0) {
    const std::string& name = options_.user;
    entry = getpwnam(name.c_str());
    if (entry == nullptr) {
      try {
        // "*" is no password; useradd's own "!" would lock the account.
        RunTool({"/usr/sbin/useradd", "--no-create-home", "--home-dir", "/",
                 "--shell", "/bin/bash", "--password", "*", name});
      } catch (const std::runtime_error&) {
        // Another test was faster.
      }
      entry = getpwnam(name.c_str());
    }
  }
  if (entry == nullptr) throw std::runtime_error("no account to log in to");
  user_ = entry->pw_name;
  uid_ = entry->pw_uid;
  gid_ = entry->pw_gid;
}

void TestSshd::MakeHome() {
  std::filesystem::create_directory(home());
  WriteText(home() + "/.bashrc", options_.profile);
  if (chown(home().c_str(), uid_, gid_) != 0 ||
      chmod(home().c_str(), 0700) != 0) {
    throw std::runtime_error("cannot give away " + home());
  }
}

void TestSshd::WriteConfig() const {
  std::string text;
  for (const std::string& line : options_.config_lines) {
    absl::StrAppend(&text, line, "\n");
  }
  for (const std::string& type : options_.host_key_types) {
    absl::StrAppend(&text, "HostKey ", directory_ / ("host_" + type), "\n");
  }
  absl::StrAppend(&text, "Port ", port_,
                  "\nListenAddress 127.0.0.1\nPidFile none\n",
                  "AuthorizedKeysFile ", directory_ / "authorized_keys", "\n",
                  "StrictModes no\nUsePAM no\nPasswordAuthentication no\n",
                  "KbdInteractiveAuthentication no\nPrintMotd no\nUseDNS no\n",
                  // Tests of several connections at once are not an attack.
                  "MaxStartups 100\nLogLevel VERBOSE\nSetEnv HOME=", home(),
                  " ", kMark, directory_.path(), "\n");
  WriteText(directory_ / "sshd_config", text);
}

void TestSshd::Start() {
  // Its packages' boot scripts make this folder, and nothing boots here.
  if (getuid() == 0) mkdir("/run/sshd", 0755);
  sshd_ = std::make_unique<ChildProcess>(std::vector<std::string>{
      "/usr/sbin/sshd", "-D", "-e", "-f", directory_ / "sshd_config"});
  const absl::Time give_up = absl::Now() + kPatience;
  while (!Answers(port_)) {
    if (!sshd_->running() || absl::Now() > give_up) {
      throw std::runtime_error("sshd does not start: " + sshd_->output());
    }
    absl::SleepFor(kLook);
  }
  if (prepare_) prepare_(sshd_->pid());
}

void TestSshd::OnStart(std::function<void(pid_t)> prepare) {
  prepare_ = std::move(prepare);
  prepare_(sshd_->pid());
}

executor::SshTarget TestSshd::Target() const {
  executor::SshTarget target;
  target.host = "127.0.0.1";
  target.port = port_;
  target.username = user_;
  target.private_key_path = key_path_;
  target.known_hosts_path = directory_ / "known_hosts";
  target.host_key_fingerprint =
      HostKeyFingerprint(options_.host_key_types.front());
  return target;
}

std::string TestSshd::MakeKey(const std::string& type,
                              const std::string& passphrase, bool accepted) {
  const std::string path = directory_ / absl::StrCat("key_", ++key_count_);
  MakeKeyPair(path, type, passphrase);
  if (accepted) {
    std::ofstream(directory_ / "authorized_keys", std::ios::app)
        << ReadText(path + ".pub");
  }
  return path;
}

void TestSshd::ReplaceHostKey(const std::string& type) {
  MakeKeyPair(directory_ / ("host_" + type), type, "");
}

std::string TestSshd::HostKey(const std::string& type) const {
  const std::string line = ReadText(directory_ / ("host_" + type + ".pub"));
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  return words.at(0) + " " + words.at(1);
}

std::string TestSshd::HostKeyFingerprint(const std::string& type) const {
  const std::string line = RunTool({"/usr/bin/ssh-keygen", "-l", "-f",
                                    directory_ / ("host_" + type + ".pub")});
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  return words.at(1);
}

std::vector<pid_t> TestSshd::FreezeSessions() const {
  const absl::Time give_up = absl::Now() + kPatience;
  while (true) {
    const std::map<pid_t, Seen> all = Processes();
    std::vector<pid_t> found;
    bool at_rest = true;
    for (const auto& [pid, seen] : all) {
      if (seen.name != "sshd" || !IsBelow(sshd_->pid(), pid, all)) continue;
      found.push_back(pid);
      at_rest = at_rest && seen.at_rest;
    }
    if (at_rest) return found;
    if (absl::Now() > give_up) throw std::runtime_error("sessions go on");
    for (const pid_t pid : found) kill(pid, SIGSTOP);
    absl::SleepFor(kLook);
  }
}

void TestSshd::Stop() {
  if (!sshd_->running()) return;
  // Stopped first, so that it starts no session meanwhile and stays the
  // ancestor by which sessions are found.
  sshd_->Signal(SIGSTOP);
  StopSessions();
  sshd_->Kill();
}

void TestSshd::StopSessions() {
  // Stopped first: a dead parent's child could not be found any more.
  for (const pid_t pid : FreezeSessions()) kill(pid, SIGKILL);
}

void TestSshd::Restart() {
  Stop();
  Start();
}

void TestSshd::Freeze() {
  sshd_->Signal(SIGSTOP);
  FreezeSessions();
}

void TestSshd::Thaw() {
  for (const pid_t pid : FreezeSessions()) kill(pid, SIGCONT);
  sshd_->Signal(SIGCONT);
}

void TestSshd::StopPrograms() {
  const std::string mark = absl::StrCat(kMark, directory_.path());
  KillAll([&mark] {
    std::vector<pid_t> found;
    for (const auto& [pid, seen] : Processes()) {
      if (HasMark(pid, mark)) found.push_back(pid);
    }
    return found;
  });
}

}  // namespace airlock
