// How long something took, many times.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "airlock/v1/report.pb.h"

namespace airlock::policy {

// Remembers every duration. Not thread-safe.
class TimeSample {
 public:
  // Clocks may have been set back in between: less than nothing is nothing.
  void Add(absl::Duration duration);

  // The smallest durations that half, nine of ten and all but one of a hundred
  // did not exceed. Without any, the times are unset.
  airlock::v1::TimeSummary Summarize() &&;

 private:
  std::vector<absl::Duration> durations_;
};

}  // namespace airlock::policy
