// Errors that say what was wrong, where, and what would do.
//
// An absl::Status made here carries google.rpc details as payloads, which
// common/rpc puts on the wire unchanged.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock {

// The domain of every reason below.
inline constexpr absl::string_view kErrorDomain = "airlock.dev";

// An error with a google.rpc.ErrorInfo. `reason` is a stable UPPER_SNAKE_CASE
// word; `metadata` holds the parts of `message` that vary.
absl::Status MakeError(absl::StatusCode code, absl::string_view reason,
                       absl::string_view message,
                       const std::map<std::string, std::string>& metadata = {});

// Adds google.rpc.RetryInfo: the same call may succeed after `delay`.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// Adds google.rpc.QuotaFailure: `subject`, such as "agent:ci-bot", has used up
// what `description` names.
absl::Status WithQuotaFailure(absl::Status status, absl::string_view subject,
                              absl::string_view description);

// The reason of the status's ErrorInfo, or "" if it has none.
std::string ErrorReason(const absl::Status& status);

// What the metadata of the status's ErrorInfo says of `key`, or "".
std::string ErrorDetail(const absl::Status& status, absl::string_view key);

// Collects what is wrong with a request, so that the answer names every field.
// Not thread-safe.
class FieldViolations {
 public:
  // `field` is a path such as "action.code_exec.language"; `description` says
  // what was wrong and what would do.
  void Add(absl::string_view field, absl::string_view description);

  bool empty() const { return violations_.empty(); }

  // OK if there are none; else INVALID_ARGUMENT with reason INVALID_FIELD and
  // a google.rpc.BadRequest that names each.
  absl::Status ToStatus() const;

 private:
  std::vector<std::pair<std::string, std::string>> violations_;
};

}  // namespace airlock
