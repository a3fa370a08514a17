#include "common/process/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace airlock {
namespace {

// Returns the signal that came, or 0 once `stop_fd` is readable; waits for the
// signal alone if `stop_fd` is negative, as poll() ignores such a one.
int WaitForSignal(int signal_fd, int stop_fd) {
  while (true) {
    std::array<pollfd, 2> fds = {
        {{signal_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    if ((fds[1].revents & POLLIN) != 0) return 0;
    signalfd_siginfo info = {};
    if (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
      return static_cast<int>(info.ssi_signo);
    }
  }
}

}  // namespace

StopSignals::StopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  if (pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) std::abort();
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  // Without them the process could not be stopped gracefully.
  if (signal_fd_ < 0 || stop_fd_ < 0) std::abort();
}

StopSignals::~StopSignals() {
  if (watcher_.joinable()) {
    const std::uint64_t one = 1;
    if (write(stop_fd_, &one, sizeof(one)) != sizeof(one)) std::abort();
    watcher_.join();
  }
  close(signal_fd_);
  close(stop_fd_);
}

int StopSignals::Wait(const std::function<void()>& on_hangup) const {
  for (;;) {
    const int signal = WaitForSignal(signal_fd_, -1);
    if (signal != SIGHUP) return signal;
    on_hangup();
  }
}

void StopSignals::ExitOnNext() {
  watcher_ = std::thread([this] {
    int signal = SIGHUP;
    while (signal == SIGHUP) signal = WaitForSignal(signal_fd_, stop_fd_);
    // Not exit(): other threads still use what it would destroy.
    if (signal != 0) _exit(128 + signal);
  });
}

}  // namespace airlock
