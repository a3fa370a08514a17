// Whether a permission may be given, and what it is then.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/config/contract.h"
#include "services/policy/dispatch/execution.h"

namespace airlock::policy {

// Somebody wants to give one. All must outlive it.
struct GivenPermission {
  // The open question it starts from, and what that is about.
  const airlock::v1::Approval& question;
  const Execution& execution;
  // Who, as "<channel>:<id>".
  const std::string& approver;
  const airlock::v1::CreateStandingApprovalRequest& request;
};

// OK: whoever wants to may give it, under the contract of the question's agent
// that is in force. The errors are those of
// StandingApprovalService.CreateStandingApproval, but for RESOURCE_EXHAUSTED.
// Pure.
absl::Status CheckGiving(const GivenPermission& giving,
                         const AgentContract& contract, absl::Time now);

// It, ACTIVE and with a new id.
airlock::v1::StandingApproval NewPermission(const GivenPermission& giving,
                                            const ApprovalSettings& settings,
                                            absl::Time now);

}  // namespace airlock::policy
