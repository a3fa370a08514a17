#include "services/policy/report/time_sample.h"

#include <algorithm>

#include "common/time/proto_time.h"

namespace airlock::policy {

void TimeSample::Add(absl::Duration duration) {
  durations_.push_back(std::max(duration, absl::ZeroDuration()));
}

airlock::v1::TimeSummary TimeSample::Summarize() && {
  airlock::v1::TimeSummary summary;
  summary.set_count(static_cast<std::uint32_t>(durations_.size()));
  if (durations_.empty()) return summary;
  std::sort(durations_.begin(), durations_.end());
  // The nearest rank: one that was measured, not one in between.
  const auto at = [this](std::size_t percent) {
    const std::size_t rank = (durations_.size() * percent + 99) / 100;
    return ToProto(durations_[rank - 1]);
  };
  *summary.mutable_p50() = at(50);
  *summary.mutable_p90() = at(90);
  *summary.mutable_p99() = at(99);
  return summary;
}

}  // namespace airlock::policy
