// Why what was allowed once does not start.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

inline constexpr absl::string_view kReasonPolicyChanged = "POLICY_CHANGED";
inline constexpr absl::string_view kReasonSessionChanged = "SESSION_CHANGED";
inline constexpr absl::string_view kReasonApprovalMismatch =
    "APPROVAL_MISMATCH";

// Why an execution that waited must not start.
struct StartRefusal {
  // The final state that follows; or STATE_AWAITING_APPROVAL: it may start if
  // a human agrees, who was not asked so far.
  airlock::v1::Execution::State state;
  std::string reason;
  // For a human.
  std::string message;
  // With STATE_AWAITING_APPROVAL: how many persons must agree.
  std::uint32_t required_approvals = 1;
};

}  // namespace airlock::policy
