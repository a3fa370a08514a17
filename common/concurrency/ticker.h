// A function called again and again.
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock {

// Calls `function` every `interval` on a thread of its own, until destroyed.
// The destructor waits for a call that is under way. What depends on time
// takes a Clock and does its work in such a function, so that a test calls it
// by hand.
class Ticker {
 public:
  Ticker(absl::Duration interval, std::function<void()> function);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace airlock
