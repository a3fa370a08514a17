#include "services/runner/cell/cell_process.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "services/runner/cell/cell_mounts.h"
#include "services/runner/cell/cell_rights.h"
#include "services/runner/cell/cell_root.h"
#include "services/runner/cell/cell_step.h"
#include "services/runner/close_range.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

constexpr std::string_view kHostName = "sandbox";
// Above all descriptors that get a fixed number.
constexpr int kFirstFree = 3;

// A copy that no fixed number is lost for.
int MoveUp(int fd) {
  return CheckStep(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree),
                   "cannot copy a descriptor");
}

// Keeps what the plan names and nothing else. Its descriptors have other
// numbers afterwards.
void KeepOnly(CellPlan& plan) {
  const std::array kept = {MoveUp(plan.streams.in), MoveUp(plan.streams.out),
                           MoveUp(plan.streams.err), MoveUp(plan.orders_fd),
                           MoveUp(plan.report_fd)};
  CloseFrom(kFirstFree, kept);
  for (int fd = 0; fd < kFirstFree; ++fd) {
    CheckStep(::dup2(kept.at(static_cast<std::size_t>(fd)), fd),
              "cannot connect a stream");
    ::close(kept.at(static_cast<std::size_t>(fd)));
  }
  plan.streams = {0, 1, 2};
  plan.orders_fd = kept[3];
  plan.report_fd = kept[4];
}

void JoinCgroup(Cgroup& cgroup) {
  const std::string problem = cgroup.Add(kCaller);
  if (!problem.empty()) throw StepFailed(problem);
}

// The creator's death is noticed from the first line on: before it the signal
// was not asked for yet, but then no spec comes.
CellSpec WaitForSpec(int orders_fd) {
  CellSpec spec;
  ssize_t count = 0;
  do {
    count = ::read(orders_fd, &spec, sizeof(spec));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(spec)) throw StepFailed("the creator is gone");
  ::close(orders_fd);
  return spec;
}

void MapUser(const CellPlan& plan, const CellSpec& spec) {
  const auto map = [](std::uint32_t inside, std::uint32_t outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
  };
  // Files of a process that is not dumpable belong to root, even to itself.
  CheckStep(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "cannot open its own files");
  WriteKernelFile("/proc/self/setgroups", "deny");
  WriteKernelFile("/proc/self/uid_map", map(spec.uid, plan.host_uid));
  WriteKernelFile("/proc/self/gid_map", map(spec.gid, plan.host_gid));
}

// A network of its own has a loopback, which is down at first.
void MakeNetwork() {
  CheckStep(::unshare(CLONE_NEWNET), "cannot make a network namespace",
            "a higher user.max_net_namespaces (sysctl) may do");
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  CheckStep(socket.get(), "cannot make a socket");
  ifreq request{};
  std::string_view("lo").copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  CheckStep(::ioctl(socket.get(), SIOCSIFFLAGS, &request),
            "cannot raise the loopback");
}

void ResetSignals() {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  // SIGKILL, SIGSTOP and libc's own two refuse, and have nothing to reset.
  for (int signal = 1; signal < NSIG; ++signal) {
    ::sigaction(signal, &by_default, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void ExecRunner(int report_fd) {
  if (::write(report_fd, &kAboutToRun, 1) != 1) FailStep("nobody listens");
  // Nothing of the host's environment: what processes get is told in frames.
  std::string name = "airlock-runner";
  std::array<char*, 2> argv = {name.data(), nullptr};
  std::array<char*, 1> env = {nullptr};
  ::execve("/airlock/airlock-runner", argv.data(), env.data());
  FailStep("cannot run the runner");
}

[[noreturn]] void Become(const CellPlan& plan) {
  CheckStep(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0),
            "cannot die with the creator");
  JoinCgroup(plan.cgroup);
  if (!plan.site.network) MakeNetwork();
  const CellSpec spec = WaitForSpec(plan.orders_fd);
  ::umask(022);
  MapUser(plan, spec);
  // Only now: its root is the cgroup it is in when it is made.
  CheckStep(::unshare(CLONE_NEWCGROUP), "cannot make a cgroup namespace");
  CheckStep(::setsid(), "cannot make a session");
  CheckStep(::sethostname(kHostName.data(), kHostName.size()),
            "cannot set the host name");
  BoundResources();
  EnterCellRoot(plan.site, spec, plan.cgroup.folders());
  ResetSignals();
  DropCapabilities();
  FilterSystemCalls();
  ExecRunner(plan.report_fd);
}

}  // namespace

void BecomeCell(const CellPlan& plan) {
  CellPlan own = plan;
  std::string problem;
  try {
    KeepOnly(own);
    Become(own);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  // Who does not hear it sees that there is no cell.
  [[maybe_unused]] const ssize_t count =
      ::write(own.report_fd, problem.data(), problem.size());
  ::_exit(1);
}

}  // namespace airlock::runner
