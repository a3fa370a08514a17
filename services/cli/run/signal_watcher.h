// Signals as function calls.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace airlock::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process: each calls
// `on_signal` with how many came so far, on a thread of its own. With
// `on_hangup` SIGHUP calls that instead and does not count. Make it before any
// other thread is there, and only one at a time. Blocked signals stay blocked
// when it goes.
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void(int count)> on_signal,
                         std::function<void()> on_hangup = nullptr);
  // Waits for a call under way.
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace airlock::cli
