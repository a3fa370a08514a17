// How much one principal may ask for at once.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "services/gateway/gateway_metrics.h"

namespace airlock::gateway {

class Admission;

// One admitted call: its place is given back when this goes.
class CallTicket {
 public:
  CallTicket() = default;
  ~CallTicket() { Release(); }
  CallTicket(CallTicket&& other) noexcept
      : admission_(std::exchange(other.admission_, nullptr)),
        principal_(std::move(other.principal_)) {}
  CallTicket& operator=(CallTicket&& other) noexcept {
    if (this != &other) {
      Release();
      admission_ = std::exchange(other.admission_, nullptr);
      principal_ = std::move(other.principal_);
    }
    return *this;
  }

 private:
  friend class Admission;
  CallTicket(Admission* admission, std::string principal)
      : admission_(admission), principal_(std::move(principal)) {}

  void Release();

  Admission* admission_ = nullptr;
  std::string principal_;
};

// Counts the calls in flight of each principal. Thread-safe; must outlive its
// tickets.
class Admission {
 public:
  // `metrics` must outlive this.
  Admission(std::int64_t max_calls_per_principal, GatewayMetrics& metrics);

  // RESOURCE_EXHAUSTED with reason TOO_MANY_CALLS, QuotaFailure and RetryInfo
  // if the principal has too many calls in flight.
  absl::StatusOr<CallTicket> Admit(absl::string_view principal_id)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class CallTicket;
  void Leave(const std::string& principal_id) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::int64_t max_calls_;
  GatewayMetrics& metrics_;
  absl::Mutex mutex_;
  // Only principals that have a call in flight.
  absl::flat_hash_map<std::string, std::int64_t> calls_ ABSL_GUARDED_BY(mutex_);
};

// RESOURCE_EXHAUSTED with reason MESSAGE_TOO_LARGE and QuotaFailure if a
// message of this size must not pass.
absl::Status CheckMessageSize(std::size_t bytes, std::size_t max_bytes);

}  // namespace airlock::gateway
