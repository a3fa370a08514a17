// Where a permission may be given, and where it may be used.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/config/contract.h"
#include "common/status/error.h"
#include "services/policy/engine/decide.h"

namespace airlock::policy {

// The reason of a decision that a standing approval brought, and the beginning
// of its rule, which an id follows.
inline constexpr absl::string_view kReasonStandingApproval =
    "STANDING_APPROVAL";
inline constexpr absl::string_view kStandingRulePrefix = "standing:";

// Stable words for errors.
inline constexpr absl::string_view kReasonStandingDisabled =
    "STANDING_DISABLED";
inline constexpr absl::string_view kReasonQuorumRequired = "QUORUM_REQUIRED";

// The longest comment of a permission.
inline constexpr std::size_t kMaxStandingCommentBytes = 2000;

// Whether anybody may permit, beyond this question, what it is about. Under
// the contract that is in force and what it decides now: never where it does
// not ask, under "readonly", or where more persons than one must agree.
// FAILED_PRECONDITION, reason STANDING_DISABLED or QUORUM_REQUIRED. Pure.
absl::Status CheckPermissible(const airlock::v1::Approval& question,
                              const AgentContract& contract,
                              const DecisionResult& decision);

// Whether what the contract decided may be replaced by a permission at all: it
// asks one person, and permissions are enabled. Pure.
bool MayBeReplaced(const AgentContract& contract,
                   const DecisionResult& decision);

// Whether a permission still does under this contract: whoever gave it may
// answer for its agent, and it is neither older nor more often used than one
// may be. Its own state and bounds are the table's to judge. Pure.
bool HoldsUnder(const airlock::v1::StandingApproval& permission,
                const AgentContract& contract, absl::Time now);

// The decision that an action may start by this permission. Pure.
DecisionResult DecisionBy(const airlock::v1::StandingApproval& permission);

// Adds a violation for each field of `request`, but for its scope and digest,
// that is out of bounds. Pure.
void CheckGivenBounds(const airlock::v1::CreateStandingApprovalRequest& request,
                      const StandingSettings& settings,
                      FieldViolations& violations);

}  // namespace airlock::policy
