#include "services/runner/reaper.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace airlock::runner {

Reaper::Reaper() : is_init_(::getpid() == 1) {
  // Without a pid namespace, orphans at least come to us.
  if (!is_init_) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void Reaper::SignalAll(pid_t leader, int signal) const {
  // Outside of a namespace of its own, -1 would be the whole machine.
  if (is_init_) {
    ::kill(-1, signal);
  } else if (leader > 1) {
    ::kill(-leader, signal);
  }
}

void Reaper::Reap(const Handler& on_ended,
                  const std::function<void(pid_t)>& on_stopped) {
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    if (WIFSTOPPED(status)) {
      on_stopped(pid);
    } else {
      on_ended(pid, status);
    }
  }
}

std::uint64_t Reaper::BuriedCpuTimeUs() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

bool Reaper::ProvablyEmpty() const {
  // Also sees those that were put into the namespace from outside, which are
  // nobody's children here.
  return is_init_ && ::kill(-1, 0) != 0 && errno == ESRCH;
}

bool Reaper::HasNoChild() {
  return ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT | __WALL) !=
             0 &&
         errno == ECHILD;
}

}  // namespace airlock::runner
