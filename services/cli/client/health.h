// Whether a service says it is well.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock::cli {

// Asks grpc.health.v1 at `target` ("host:port", plain text) about `service`,
// such as "readiness". True if it is SERVING; false for any other standing.
//
// kUnavailable, kDeadlineExceeded: nobody answered within `timeout`.
// kNotFound: the one that answered knows no such service.
absl::StatusOr<bool> AskHealth(const std::string& target,
                               absl::string_view service,
                               absl::Duration timeout);

}  // namespace airlock::cli
