#include "services/cli/run/signal_watcher.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace airlock::cli {

SignalWatcher::SignalWatcher(std::function<void(int count)> on_signal,
                             std::function<void()> on_hangup) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this, signals, call = std::move(on_signal),
                         hangup = std::move(on_hangup)] {
    int count = 0;
    for (;;) {
      int number = 0;
      if (sigwait(&signals, &number) != 0 || stopping_) return;
      if (number == SIGHUP && hangup) {
        hangup();
      } else {
        call(++count);
      }
    }
  });
}

SignalWatcher::~SignalWatcher() {
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

}  // namespace airlock::cli
