// What waits to be written.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/sqlite/forgetter.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// A transaction on its way.
struct PendingWrite {
  Transaction transaction;
  Store::CommitDone done;
  std::size_t bytes = 0;
  // What becomes of it alone.
  absl::Status result;
};

// A sweep on its way.
struct PendingForget {
  Forgetter forgetter;
  Store::CommitDone done;
};

// What the writer does next: transactions in the order in which they came, and
// between two groups of them a step of a sweep. Thread-safe.
class WriteQueue {
 public:
  struct Turn {
    // Nothing when there will be no more.
    std::vector<PendingWrite> writes;
    // Whether a step of the oldest sweep is due as well.
    bool forget = false;
  };

  // UNAVAILABLE with reason STORE_OVERFULL: too much waits. `write` is taken
  // only if it is OK.
  absl::Status Push(PendingWrite& write) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Push(PendingForget& forget) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits for something to do. Neither writes nor a sweep: it was stopped, and
  // all writes are out.
  Turn Next() ABSL_LOCKS_EXCLUDED(mutex_);

  // The oldest sweep, which its caller works on. Stays the oldest until it is
  // popped. Only for the writer.
  PendingForget& front_forget() ABSL_LOCKS_EXCLUDED(mutex_);
  PendingForget PopForget() ABSL_LOCKS_EXCLUDED(mutex_);
  bool has_forget() const ABSL_LOCKS_EXCLUDED(mutex_);

  // What waits is still given out by Next(), but no more steps of sweeps.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::vector<PendingWrite> TakeGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::deque<PendingWrite> writes_ ABSL_GUARDED_BY(mutex_);
  // Of `writes_`.
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Elements stay where they are when others come or go at the ends.
  std::deque<PendingForget> forgets_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace airlock::policy
