// Removes sandboxes, however often it takes.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/concurrency/worker_pool.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Destroys sandboxes on workers of its own, so that removing never waits for
// creating. One that cannot be removed is tried again with each Sweep(), and
// keeps its slot meanwhile: so their number is bounded by the slots.
// Thread-safe. The destructor waits for what is under way.
class SandboxReaper {
 public:
  // `metrics` must outlive it. `threads` sandboxes are removed at once.
  SandboxReaper(std::size_t threads, std::size_t queue_limit,
                ExecutorMetrics& metrics);

  // Removes `sandbox`; `done` is called from a worker when it is gone. Never
  // blocks.
  void Destroy(std::shared_ptr<Sandbox> sandbox, std::function<void()> done);

  // Tries again what could not be removed. Called every few seconds.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Corpse {
    std::shared_ptr<Sandbox> sandbox;
    std::function<void()> done;
  };

  void Try(const std::shared_ptr<Corpse>& corpse);
  void Keep(const std::shared_ptr<Corpse>& corpse) ABSL_LOCKS_EXCLUDED(mutex_);

  ExecutorMetrics& metrics_;
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Corpse>> left_ ABSL_GUARDED_BY(mutex_);
  // Last: its threads use the rest.
  WorkerPool workers_;
};

}  // namespace airlock::executor
