// A clock that stands still until a test moves it.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"

namespace airlock {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'700'000'000));

  absl::Time Now() const override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Duration Monotonic() const override ABSL_LOCKS_EXCLUDED(mutex_);

  // Moves both clocks.
  void Advance(absl::Duration by) ABSL_LOCKS_EXCLUDED(mutex_);
  // Moves only the wall clock, as an operator or NTP may.
  void JumpWall(absl::Duration by) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
