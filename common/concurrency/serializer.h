// One thing at a time, without a thread of its own.
#pragma once

#include <deque>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace airlock {

// Runs functions one after another, in the order they came.
//
// Whoever submits while nothing runs becomes the one who runs: the function
// and all that others submit meanwhile. So an idle serializer costs no switch
// of threads, and state that is touched only inside needs no lock. A function
// must not block, and must not wait for another one. Submitting from inside
// is fine: it runs later. Thread-safe. The owner must see to it that nothing
// submits during or after destruction.
class Serializer {
 public:
  Serializer() = default;
  Serializer(const Serializer&) = delete;
  Serializer& operator=(const Serializer&) = delete;

  void Submit(std::function<void()> function) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace airlock
