#include "services/runner/launch.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <memory>
#include <string_view>

namespace airlock::runner {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t kStackBytes = 64 << 10;

enum class Step { kSetUp, kCwd, kExec };

// What the child needs, made before it exists: it shares our memory and must
// not allocate.
struct ChildPlan {
  const LaunchPlan* plan = nullptr;
  std::vector<char*> argv;
  std::vector<char*> env;
  std::vector<std::string> candidates;
  // Written by the child when it fails.
  Step failed_step = Step::kSetUp;
  int error = 0;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

bool SetUpChild(const LaunchPlan& plan) {
  if (::setsid() < 0) return false;
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and libc's own two refuse, and have nothing to reset.
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &by_default, nullptr);
  }
  if (::dup2(plan.stdin_fd, 0) < 0 || ::dup2(plan.stdout_fd, 1) < 0 ||
      ::dup2(plan.stderr_fd, 2) < 0) {
    return false;
  }
  ::umask(022);
  if (plan.open_files == 0) return true;
  const rlimit open_files{plan.open_files, plan.open_files};
  return ::setrlimit(RLIMIT_NOFILE, &open_files) == 0;
}

// Tries each candidate. The errno that says most: a file that is there but
// cannot run wins over one that is not there.
int ExecFirst(const ChildPlan& child) {
  int error = ENOENT;
  for (const std::string& path : child.candidates) {
    ::execve(path.c_str(), child.argv.data(), child.env.data());
    if (errno == EACCES) {
      error = EACCES;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      return errno;
    }
  }
  return error;
}

int ChildMain(void* argument) {
  ChildPlan& child = *static_cast<ChildPlan*>(argument);
  const LaunchPlan& plan = *child.plan;
  if (!SetUpChild(plan)) {
    child.error = errno;
    ::_exit(127);
  }
  if (::fchdir(plan.cwd_fd) != 0) {
    child.failed_step = Step::kCwd;
    child.error = errno;
    ::_exit(127);
  }
  // A second fence: all of ours are close-on-exec, which also does where the
  // kernel is too old for this call.
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  child.failed_step = Step::kExec;
  child.error = ExecFirst(child);
  ::_exit(127);
}

StartError Explain(const ChildPlan& child) {
  const std::string& program = child.plan->argv.front();
  const std::string why = std::strerror(child.error);
  if (child.failed_step == Step::kCwd) {
    return {kBadCwd, "cannot enter the working directory: " + why};
  }
  if (child.failed_step == Step::kSetUp) {
    return {kStartFailed, "cannot set up the process: " + why};
  }
  switch (child.error) {
    case ENOENT:
    case ENOTDIR:
      return {kCommandNotFound, "command not found: \"" + program + "\""};
    case EACCES:
    case ENOEXEC:
      return {kCommandNotExecutable,
              "cannot be executed: \"" + program + "\": " + why};
    default:
      return {kStartFailed, "\"" + program + "\": " + why};
  }
}

}  // namespace

std::vector<std::string> ExecCandidates(const std::string& program,
                                        const std::vector<std::string>& env) {
  if (program.empty()) return {};
  if (std::ranges::find(program, '/') != program.end()) return {program};
  constexpr std::string_view kName = "PATH=";
  std::string_view path = kDefaultPath;
  for (const std::string& variable : env) {
    if (variable.compare(0, kName.size(), kName) == 0) {
      path = std::string_view(variable).substr(kName.size());
      break;
    }
  }
  std::vector<std::string> candidates;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    std::string directory(path.substr(begin, end - begin));
    if (directory.empty()) directory.push_back('.');  // as every shell reads it
    candidates.push_back(directory.append("/").append(program));
    begin = end + 1;
  }
  return candidates;
}

StartError Launch(const LaunchPlan& plan, pid_t& pid) {
  ChildPlan child;
  child.plan = &plan;
  child.argv = Pointers(plan.argv);
  child.env = Pointers(plan.env);
  child.candidates = ExecCandidates(plan.argv.front(), plan.env);
  // Aligned by its end, as an allocation of this size and alignment is. What
  // is not used of it is never touched, and so costs no memory.
  const auto stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  void* top = stack.get() + kStackBytes;
  // As vfork: we are held until the child has called exec or ended, so that
  // `child` is settled when this returns.
  pid = ::clone(ChildMain, top, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
  if (pid < 0) {
    const int error = errno;
    return {kStartFailed,
            std::string("cannot create a process: ") + std::strerror(error)};
  }
  if (child.error == 0) return {};
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid = -1;
  return Explain(child);
}

}  // namespace airlock::runner
