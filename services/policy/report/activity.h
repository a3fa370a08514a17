// What happened over time.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "airlock/v1/report.pb.h"
#include "services/policy/report/time_sample.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Sums up executions by the time they were accepted. Not thread-safe.
class Activity {
 public:
  // From `from` up to `to`, which is later, in `buckets` equal spans.
  Activity(absl::Time from, absl::Time to, std::size_t buckets);

  // One that was accepted in between, with its approval.
  void Add(const ExecutionHistory& recorded);

  // But for `pending` and `complete`.
  airlock::v1::GetActivityResponse Take() &&;

 private:
  struct Times {
    TimeSample run;
    TimeSample decision;
  };

  std::size_t BucketOf(const airlock::v1::Execution& execution) const;

  const absl::Time from_;
  const absl::Duration span_;
  std::vector<airlock::v1::ActivityBucket> buckets_;
  // As the buckets.
  std::vector<Times> times_;
  Times all_;
  std::map<std::string, airlock::v1::AgentActivity> agents_;
};

}  // namespace airlock::policy
