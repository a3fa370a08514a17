#include "services/executor/backends/ssh/duty/restore_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "common/text_escape/escape.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(3);
constexpr int kPollMs = 50;
constexpr std::size_t kMaxLineBytes = 400;
constexpr int kMaxLines = 100;

// What a command writes, cut into lines for the log.
class OutputLog {
 public:
  void Take(absl::string_view bytes) {
    for (const char letter : bytes) {
      if (letter == '\n') {
        EndLine();
      } else if (line_.size() < kMaxLineBytes) {
        line_.push_back(letter);
      }
    }
  }

  // The last line that says something, safe to show.
  std::string Finish() {
    EndLine();
    return last_;
  }

 private:
  void EndLine() {
    if (line_.empty()) return;
    last_ = EscapeText(std::exchange(line_, {}));
    if (++lines_ <= kMaxLines) {
      LogInfo("the restore command says", {{"line", last_}});
    }
  }

  std::string line_;
  std::string last_;
  int lines_ = 0;
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Starts it with `output` as both its outputs. 0, or an errno.
int Spawn(RestoreCommand command, int output, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY,
                                   0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  const std::vector<char*> argv = Pointers(command.words);
  const std::vector<char*> environment = Pointers(command.environment);
  const int error = posix_spawn(&pid, argv.front(), &files, &attributes,
                                argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

// Whether it has ended. It stays a zombie, so that its group's number stays
// its own.
bool HasEnded(pid_t pid) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid), &info,
                WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid;
}

// Waits for a moment at most, and takes what is there.
void ReadSome(int output, OutputLog& log) {
  pollfd wait{output, POLLIN, 0};
  if (poll(&wait, 1, kPollMs) != 1) return;
  std::array<char, 4096> buffer;
  const ssize_t size = read(output, buffer.data(), buffer.size());
  if (size > 0) {
    log.Take({buffer.data(), static_cast<std::size_t>(size)});
  } else if (size == 0) {
    // It closed its output and goes on.
    absl::SleepFor(absl::Milliseconds(kPollMs));
  }
}

absl::Status WaitForEnd(pid_t pid, const RestoreCommand& command, int output,
                        const std::atomic<bool>& stop, OutputLog& log) {
  const absl::Time deadline = absl::Now() + command.timeout;
  absl::Status status;
  std::optional<absl::Time> asked;
  while (!HasEnded(pid)) {
    ReadSome(output, log);
    const absl::Time now = absl::Now();
    if (asked.has_value()) {
      if (now > *asked + kGrace) kill(-pid, SIGKILL);
      continue;
    }
    if (stop) status = absl::CancelledError("the executor stops");
    if (now > deadline) {
      status = absl::DeadlineExceededError(
          absl::StrCat("the restore command did not end within ",
                       absl::FormatDuration(command.timeout)));
    }
    if (status.ok()) continue;
    asked = now;
    kill(-pid, SIGTERM);
  }
  return status;
}

absl::Status JudgeEnd(int status, const std::string& last_line) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "the restore command ended with ",
      WIFEXITED(status) ? absl::StrCat("exit code ", WEXITSTATUS(status))
                        : absl::StrCat("signal ", WTERMSIG(status)),
      last_line.empty() ? "" : ": ", last_line));
}

}  // namespace

absl::Status RunRestoreCommand(const RestoreCommand& command,
                               const std::atomic<bool>& stop) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return absl::ErrnoToStatus(errno, "the restore command has no output");
  }
  // Its end blocks, as programs expect.
  fcntl(ends[1], F_SETFL, 0);
  pid_t pid = 0;
  const int error = Spawn(command, ends[1], pid);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return absl::NotFoundError(absl::StrCat("the restore command ",
                                            command.words.front(), ": ",
                                            std::strerror(error)));
  }
  OutputLog log;
  absl::Status status = WaitForEnd(pid, command, ends[0], stop, log);
  // Whatever it left behind.
  kill(-pid, SIGKILL);
  int how = 0;
  while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
  }
  std::array<char, 4096> rest;
  const ssize_t size = read(ends[0], rest.data(), rest.size());
  if (size > 0) log.Take({rest.data(), static_cast<std::size_t>(size)});
  close(ends[0]);
  const std::string last_line = log.Finish();
  return status.ok() ? JudgeEnd(how, last_line) : status;
}

}  // namespace airlock::executor
