// Threads for work that blocks.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace airlock {

// A fixed number of threads behind a bounded queue. Thread-safe. The
// destructor finishes what is queued first.
class WorkerPool {
 public:
  // `threads` at least 1. More than `queue_limit` waiting functions are
  // refused.
  WorkerPool(std::size_t threads, std::size_t queue_limit);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Whether `work` was taken. Never blocks.
  [[nodiscard]] bool TrySubmit(std::function<void()> work)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void RunWorker() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const std::size_t queue_limit_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace airlock
