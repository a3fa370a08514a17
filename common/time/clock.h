// The time, as a seam, so that tests move it.
#pragma once

#include "absl/time/time.h"

namespace airlock {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock: for records and for people. It may jump.
  virtual absl::Time Now() const = 0;

  // Time since an arbitrary start, never backwards: for every deadline.
  virtual absl::Duration Monotonic() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
};

}  // namespace airlock
