// Keeps the runners of a backend alive.
#pragma once

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/concurrency/ticker.h"
#include "services/executor/sandbox/runner_client.h"

namespace airlock::executor {

// Pings every runner every 3 s from a thread of its own: a runner that hears
// nothing for 15 s kills what it runs. Thread-safe.
class RunnerKeeper {
 public:
  RunnerKeeper();

  // Keeps `runner` alive as long as somebody else holds it.
  void Add(const std::shared_ptr<RunnerClient>& runner)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void PingAll() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  std::vector<std::weak_ptr<RunnerClient>> runners_ ABSL_GUARDED_BY(mutex_);
  // Last: its thread uses everything above.
  Ticker ticker_;
};

}  // namespace airlock::executor
