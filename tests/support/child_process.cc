#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace airlock {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(5);

// Between fork and exec: nothing here may allocate.
[[noreturn]] void BecomeProgram(char* const* argv, int output_fd,
                                pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  const int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(output_fd, STDOUT_FILENO);
  dup2(output_fd, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

int ExitCode(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& argv) {
  std::vector<std::string> copy = argv;
  std::vector<char*> pointers;
  for (std::string& arg : copy) pointers.push_back(arg.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error(absl::StrCat("pipe: ", strerror(errno)));
  }
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) BecomeProgram(pointers.data(), ends[1], parent);
  close(ends[1]);
  output_fd_ = ends[0];
  if (pid_ < 0) {
    close(output_fd_);
    throw std::runtime_error(absl::StrCat("fork: ", strerror(errno)));
  }
  reader_ = std::thread([this] { Read(); });
}

ChildProcess::~ChildProcess() {
  Kill();
  reader_.join();
  close(output_fd_);
}

void ChildProcess::Read() {
  std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t size = read(output_fd_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    absl::MutexLock lock(&mutex_);
    if (size <= 0) {
      output_ended_ = true;
      return;
    }
    output_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

void ChildProcess::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

void ChildProcess::Kill() {
  Signal(SIGKILL);
  WaitExit(absl::InfiniteDuration());
}

std::optional<int> ChildProcess::WaitExit(absl::Duration timeout) {
  const absl::Time give_up = absl::Now() + timeout;
  while (!exit_code_.has_value()) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = ExitCode(status);
    } else if (absl::Now() >= give_up) {
      return std::nullopt;
    } else {
      absl::SleepFor(kLook);
    }
  }
  return exit_code_;
}

std::string ChildProcess::output() const {
  absl::MutexLock lock(&mutex_);
  return output_;
}

std::string ChildProcess::whole_output() const {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&output_ended_));
  return output_;
}

std::optional<nlohmann::json> ChildProcess::FindLog(absl::string_view message,
                                                    int count) const {
  for (absl::string_view line : absl::StrSplit(output(), '\n')) {
    auto parsed = nlohmann::json::parse(line.begin(), line.end(), nullptr,
                                        /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("msg", "") == message &&
        --count == 0) {
      return parsed;
    }
  }
  return std::nullopt;
}

std::optional<nlohmann::json> ChildProcess::WaitForLog(
    absl::string_view message, absl::Duration timeout, int count) {
  const absl::Time give_up = absl::Now() + timeout;
  while (true) {
    bool last = absl::Now() >= give_up;
    {
      absl::MutexLock lock(&mutex_);
      last = last || output_ended_;
    }
    if (auto found = FindLog(message, count)) return found;
    if (last) return std::nullopt;
    absl::SleepFor(kLook);
  }
}

std::size_t ChildProcess::resident_bytes() const {
  std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
  std::string word;
  while (status >> word) {
    std::size_t kibibytes = 0;
    if (word == "VmRSS:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace airlock
