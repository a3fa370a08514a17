#include "services/gateway/admission/admission.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::gateway {

void CallTicket::Release() {
  if (admission_ == nullptr) return;
  std::exchange(admission_, nullptr)->Leave(principal_);
}

Admission::Admission(std::int64_t max_calls_per_principal,
                     GatewayMetrics& metrics)
    : max_calls_(max_calls_per_principal), metrics_(metrics) {}

absl::StatusOr<CallTicket> Admission::Admit(absl::string_view principal_id) {
  std::string principal(principal_id);
  {
    absl::MutexLock lock(&mutex_);
    std::int64_t& calls = calls_[principal];
    if (calls < max_calls_) {
      ++calls;
      metrics_.calls_in_flight().Increment();
      return CallTicket(this, std::move(principal));
    }
  }
  const std::string limit = absl::StrCat(max_calls_);
  return WithRetryDelay(
      WithQuotaFailure(
          MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                    absl::StrCat("\"", principal, "\" has ", limit,
                                 " calls in flight, and may not have more"),
                    {{"principal", principal}, {"limit", limit}}),
          absl::StrCat("principal:", principal),
          absl::StrCat("calls in flight: ", limit)),
      absl::Seconds(1));
}

void Admission::Leave(const std::string& principal_id) {
  absl::MutexLock lock(&mutex_);
  const auto it = calls_.find(principal_id);
  if (--it->second == 0) calls_.erase(it);
  metrics_.calls_in_flight().Decrement();
}

absl::Status CheckMessageSize(std::size_t bytes, std::size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return WithQuotaFailure(
      MakeError(
          absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE",
          absl::StrCat("a message must have at most ", max_bytes,
                       " bytes: got ", bytes),
          {{"limit", absl::StrCat(max_bytes)}, {"bytes", absl::StrCat(bytes)}}),
      "message", absl::StrCat("bytes in one message: ", max_bytes));
}

}  // namespace airlock::gateway
