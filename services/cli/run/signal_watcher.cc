#include "services/cli/run/signal_watcher.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace airlock::cli {

SignalWatcher::SignalWatcher(std::function<void(int count)> on_signal) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this, signals, call = std::move(on_signal)] {
    for (int count = 1;; ++count) {
      int number = 0;
      if (sigwait(&signals, &number) != 0 || stopping_) return;
      call(count);
    }
  });
}

SignalWatcher::~SignalWatcher() {
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

}  // namespace airlock::cli
