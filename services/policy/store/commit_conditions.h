// What no store takes, whatever it is made of.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/approval.pb.h"
#include "services/policy/execution_state.h"

namespace airlock::policy {

// Whether an approval in this state has ended, for ever.
inline bool IsFinal(airlock::v1::Approval::State state) {
  return state != airlock::v1::Approval::STATE_PENDING &&
         state != airlock::v1::Approval::STATE_UNSPECIFIED;
}

// kFailedPrecondition, ALREADY_FINAL.
absl::Status AlreadyEndedError(absl::string_view id);
absl::Status ApprovalEndedError(absl::string_view id);

// kFailedPrecondition, REQUEST_ID_USED: another execution came from the same
// request.
absl::Status RequestUsedError(absl::string_view agent,
                              absl::string_view request_id,
                              absl::string_view execution_id);

// OK if an approval may be put: it has not ended, and `put` follows `stored`,
// which is 0 if there is none yet.
absl::Status CheckApprovalPut(absl::string_view id, bool ended,
                              std::uint64_t stored, std::uint64_t put);

}  // namespace airlock::policy
