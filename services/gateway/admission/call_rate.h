// How often one agent may call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"

namespace airlock::gateway {

// A token bucket for each agent, which holds one second's worth: so many calls
// may come at once, and so many a second on average. Thread-safe.
class CallRate {
 public:
  // More agents than these within a second are refused.
  static constexpr std::size_t kMaxAgents = 65536;

  // `max_calls_per_second` is positive. `clock` must outlive this.
  CallRate(std::int64_t max_calls_per_second, const Clock& clock);

  // Counts one call. RESOURCE_EXHAUSTED with reason CALL_RATE_EXCEEDED,
  // QuotaFailure, and RetryInfo that says when the next call may come.
  absl::Status Take(absl::string_view agent_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // How many agents it remembers.
  std::size_t agents() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Bucket {
    double calls = 0;
    // When `calls` was right, on the monotonic clock.
    absl::Duration at;
  };

  double Refilled(const Bucket& bucket, absl::Duration now) const;
  // Forgets buckets that are full: they are as if they had never been.
  void ForgetIdle(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Refusal(absl::string_view agent_id,
                       absl::Duration retry_after) const;

  const std::int64_t max_calls_per_second_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
  // At this size idle ones are looked for: twice what was left the last time,
  // so that looking costs each call no more than a constant.
  std::size_t forget_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::gateway
