#include "services/runner/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include "services/runner/close_range.h"
#include "services/runner/descendants.h"
#include "services/runner/reaper.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

using std::chrono::steady_clock;

// After this long something cannot be killed, and the keeping is given up.
constexpr std::chrono::seconds kKillLimit(5);
// Between two looks at what is left: for the killed to end. Short, because who
// forks and ends all the time must be met while it is there.
constexpr std::int64_t kPauseNs = 200'000;
constexpr int kExitDone = 0;
constexpr int kExitGivenUp = 1;

// Allocates nothing once it keeps.
class Keeper {
 public:
  Keeper(int channel, int proc_fd, int children_fd,
         const std::array<int, 2>& output_fds)
      : channel_(channel),
        children_fd_(children_fd),
        output_fds_(output_fds),
        descendants_(proc_fd) {}

  // The kept process runs.
  [[noreturn]] void Keep(pid_t leader) {
    leader_ = leader;
    Tell({.news = KeeperNews::kStarted});
    while (true) {
      Bury();
      Wait();
    }
  }

  void Tell(KeeperReport report) const {
    report.leftovers = leftovers_;
    report.cpu_time_us = Reaper::BuriedCpuTimeUs();
    ::send(channel_, &report, sizeof(report), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

 private:
  // Buries whoever has ended, and tells what that means.
  void Bury() {
    // One word of captures, for which nothing is allocated.
    Reaper::Reap([this](pid_t pid, int status) { Count(pid, status); },
                 [](pid_t /*stopped*/) {});
    if (leader_ended_) {
      leader_ended_ = false;
      // Those that would live on.
      leftovers_ = descendants_.Signal(0);
      Tell({.news = KeeperNews::kLeaderEnded, .leader_status = leader_status_});
    }
    if (!Reaper::HasNoChild()) return;
    Tell({.news = KeeperNews::kGone});
    ::_exit(kExitDone);
  }

  void Count(pid_t pid, int status) {
    if (pid == leader_) {
      leader_ = -1;
      leader_ended_ = true;
      leader_status_ = status;
    } else if (counting_ && WIFSIGNALED(status) &&
               WTERMSIG(status) == SIGKILL) {
      ++leftovers_;
    }
  }

  void Wait() {
    std::array<pollfd, 4> fds = {
        pollfd{channel_, POLLIN, 0}, pollfd{children_fd_, POLLIN, 0},
        pollfd{discarding_ ? output_fds_[0] : -1, POLLIN, 0},
        pollfd{discarding_ ? output_fds_[1] : -1, POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), -1) <= 0) return;
    if (fds[1].revents != 0) Read(children_fd_);
    for (std::size_t i = 0; i < output_fds_.size(); ++i) {
      if (fds[i + 2].revents != 0 && !Read(output_fds_[i])) {
        ::close(std::exchange(output_fds_[i], -1));
      }
    }
    if (fds[0].revents != 0) Obey();
  }

  // Reads something and forgets it. False: there will be no more.
  static bool Read(int fd) {
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
  }

  void Obey() {
    auto order = KeeperOrder::kKill;
    const ssize_t size = ::recv(channel_, &order, sizeof(order), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size != sizeof(order)) order = KeeperOrder::kKill;
    switch (order) {
      case KeeperOrder::kAsk:
        descendants_.Signal(SIGTERM);
        // Who is stopped cannot hear SIGTERM.
        descendants_.Signal(SIGCONT);
        return;
      case KeeperOrder::kLetLive:
        discarding_ = true;
        return;
      case KeeperOrder::kKill:
        Kill();
    }
  }

  [[noreturn]] void Kill() {
    // Those that die of this outlived the leader, if it is gone.
    counting_ = leader_ < 0;
    if (counting_) leftovers_ = 0;
    const auto end = steady_clock::now() + kKillLimit;
    while (steady_clock::now() < end) {
      // Nobody is buried before no living one is found: so each that is made
      // meanwhile takes a place of the sandbox's limit that is not given back,
      // and a race against one that forks is won.
      if (descendants_.Signal(SIGKILL) == 0) Bury();
      const timespec pause{0, kPauseNs};
      ::nanosleep(&pause, nullptr);
    }
    ::_exit(kExitGivenUp);
  }

  const int channel_;
  const int children_fd_;
  std::array<int, 2> output_fds_;
  Descendants descendants_;
  // -1: it has ended.
  pid_t leader_ = -1;
  // It has ended so, and that was not told yet.
  bool leader_ended_ = false;
  int leader_status_ = 0;
  bool discarding_ = false;
  bool counting_ = false;
  std::uint32_t leftovers_ = 0;
};

int MakeChildrenFd() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  return ::signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
}

// Makes `leader` the kernel's first choice when memory runs out, and with it
// what it starts: this process shall outlive it. Its file is ours as soon as
// it runs; where it is not, the leader keeps our own score.
void RaiseOomScore(int proc_fd, pid_t leader) {
  constexpr std::string_view kFirstChoice = "1000";
  const std::string path = std::to_string(leader) + "/oom_score_adj";
  const UniqueFd file(::openat(proc_fd, path.c_str(), O_WRONLY | O_CLOEXEC));
  [[maybe_unused]] const ssize_t count =
      ::write(file.get(), kFirstChoice.data(), kFirstChoice.size());
}

KeeperReport ReportOf(const StartError& error) {
  KeeperReport report{.news = KeeperNews::kNotStarted};
  const auto* const reason =
      std::find(kStartReasons.begin(), kStartReasons.end(), error.reason);
  report.reason = static_cast<std::uint32_t>(reason - kStartReasons.begin());
  error.message.copy(report.message.data(), report.message.size() - 1);
  return report;
}

StartError LaunchKept(const LaunchPlan& plan, int proc_fd, int children_fd,
                      pid_t& leader) {
  if (proc_fd < 0 || children_fd < 0 ||
      ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return {kStartFailed,
            std::string("cannot keep a process: ") + std::strerror(errno)};
  }
  return Launch(plan, leader);
}

}  // namespace

StartError ErrorOf(const KeeperReport& report) {
  const std::size_t reason =
      std::min<std::size_t>(report.reason, kStartReasons.size() - 1);
  return {kStartReasons[reason], report.message.data()};
}

void KeeperMain(const LaunchPlan& plan, int channel, void* heap_end) noexcept {
  ::prctl(PR_SET_NAME, "airlock-keeper", 0, 0, 0);
  // With the executor's pipes among the rest.
  const std::array kept = {
      channel,        plan.cwd_fd,        plan.stdin_fd,     plan.stdout_fd,
      plan.stderr_fd, plan.output_fds[0], plan.output_fds[1]};
  CloseFrom(0, kept);
  const int proc_fd = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int children_fd = MakeChildrenFd();
  Keeper keeper(channel, proc_fd, children_fd, plan.output_fds);
  pid_t leader = -1;
  const StartError error = LaunchKept(plan, proc_fd, children_fd, leader);
  if (!error.ok()) {
    keeper.Tell(ReportOf(error));
    ::_exit(kExitDone);
  }
  // The pipes' ends must be the family's alone.
  for (const int fd :
       {plan.cwd_fd, plan.stdin_fd, plan.stdout_fd, plan.stderr_fd}) {
    ::close(fd);
  }
  RaiseOomScore(proc_fd, leader);
  // From here on nothing is allocated, and `plan` is gone.
  ::brk(heap_end);
  keeper.Keep(leader);
}

}  // namespace airlock::runner
