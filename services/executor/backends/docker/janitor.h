// Removes containers that could not be removed when they should have been.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/concurrency/ticker.h"
#include "services/executor/backends/docker/docker_containers.h"

namespace airlock::executor {

// Tries again every few seconds on a thread of its own, until the engine says
// that a container is gone. What is still there when the executor ends is
// found by the next boot. Thread-safe; `containers` must outlive it.
class Janitor {
 public:
  explicit Janitor(DockerContainers& containers);

  // Takes over a container, by id or name. `may_appear`: the engine may still
  // be making it, so that "there is none" is believed only after a minute.
  void TakeOver(std::string container, bool may_appear)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // One round. Called by its own thread, and by tests.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_);

  // How many are waiting.
  std::size_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Leftover {
    std::string container;
    // Until then "there is none" is not believed.
    absl::Time keep_until;
  };

  DockerContainers& containers_;
  mutable absl::Mutex mutex_;
  // At most kMaxLeftovers.
  std::vector<Leftover> leftovers_ ABSL_GUARDED_BY(mutex_);
  // Last: its thread uses everything above.
  Ticker ticker_;
};

}  // namespace airlock::executor
