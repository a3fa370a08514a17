#include "services/gateway/admission/call_rate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::gateway {
namespace {

constexpr std::size_t kForgetAtLeastAt = 1024;

}  // namespace

CallRate::CallRate(std::int64_t max_calls_per_second, const Clock& clock)
    : max_calls_per_second_(max_calls_per_second),
      clock_(clock),
      forget_at_(kForgetAtLeastAt) {}

absl::Status CallRate::Take(absl::string_view agent_id) {
  const absl::Duration now = clock_.Monotonic();
  const double full = static_cast<double>(max_calls_per_second_);
  absl::MutexLock lock(&mutex_);
  auto it = buckets_.find(agent_id);
  if (it == buckets_.end()) {
    if (buckets_.size() >= forget_at_) ForgetIdle(now);
    if (buckets_.size() >= kMaxAgents) {
      return Refusal(agent_id, absl::Seconds(1));
    }
    it = buckets_.emplace(std::string(agent_id), Bucket{full, now}).first;
  }
  Bucket& bucket = it->second;
  bucket = {Refilled(bucket, now), now};
  if (bucket.calls < 1) {
    return Refusal(agent_id, absl::Seconds((1 - bucket.calls) / full));
  }
  bucket.calls -= 1;
  return absl::OkStatus();
}

std::size_t CallRate::agents() const {
  absl::MutexLock lock(&mutex_);
  return buckets_.size();
}

double CallRate::Refilled(const Bucket& bucket, absl::Duration now) const {
  const double full = static_cast<double>(max_calls_per_second_);
  return std::min(full,
                  bucket.calls + full * absl::ToDoubleSeconds(now - bucket.at));
}

void CallRate::ForgetIdle(absl::Duration now) {
  absl::erase_if(buckets_, [&](const auto& each) {
    return Refilled(each.second, now) >=
           static_cast<double>(max_calls_per_second_);
  });
  forget_at_ =
      std::min(kMaxAgents, std::max(kForgetAtLeastAt, 2 * buckets_.size()));
}

absl::Status CallRate::Refusal(absl::string_view agent_id,
                               absl::Duration retry_after) const {
  const std::string limit = absl::StrCat(max_calls_per_second_);
  return WithRetryDelay(
      WithQuotaFailure(
          MakeError(absl::StatusCode::kResourceExhausted, "CALL_RATE_EXCEEDED",
                    absl::StrCat("\"", agent_id, "\" may call ", limit,
                                 " times a second (gateway.maxCallsPerSecond)"
                                 ", and called more often"),
                    {{"principal", std::string(agent_id)}, {"limit", limit}}),
          absl::StrCat("principal:", agent_id),
          absl::StrCat("calls a second: ", limit)),
      // A client that comes back at once would be refused again.
      std::max(retry_after, absl::Milliseconds(1)));
}

}  // namespace airlock::gateway
