// When an executor tells what it has.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"

namespace airlock::executor {

// Decides when a status is told to all: when it is another one, at most once a
// second. Not thread-safe.
class StatusTeller {
 public:
  // Whether `status` is to be told at `now`, on a monotonic clock; then it
  // counts as told.
  bool TakeDue(const internal::v1::ExecutorStatus& status, absl::Duration now);

 private:
  std::optional<absl::Duration> told_at_;
  // Serialized.
  std::string told_;
};

}  // namespace airlock::executor
