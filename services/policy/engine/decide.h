// The decision order: pure functions from a contract and an action's facts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/policy.pb.h"
#include "common/config/contract.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {

// Stable words for `reason`.
inline constexpr absl::string_view kReasonUnknownAction = "UNKNOWN_ACTION";
inline constexpr absl::string_view kReasonInvalidAction = "INVALID_ACTION";
inline constexpr absl::string_view kReasonSandboxDisabled = "SANDBOX_DISABLED";
inline constexpr absl::string_view kReasonBlockedAction = "BLOCKED_ACTION";
inline constexpr absl::string_view kReasonActionNotAllowed =
    "ACTION_NOT_ALLOWED";
inline constexpr absl::string_view kReasonReadonly = "READONLY";
inline constexpr absl::string_view kReasonRuleAllows = "RULE_ALLOWS";
inline constexpr absl::string_view kReasonRuleDenies = "RULE_DENIES";
inline constexpr absl::string_view kReasonLevelAllows = "LEVEL_ALLOWS";
inline constexpr absl::string_view kReasonApprovalRequired =
    "APPROVAL_REQUIRED";
inline constexpr absl::string_view kReasonApprovalGatingDisabled =
    "APPROVAL_GATING_DISABLED";

// What follows. The names are those of airlock.v1.Decision.Effect.
enum class Effect { kAllow, kDeny, kRequireApproval };

// One setting that was looked at on the way.
struct DecisionStep {
  // Its key path.
  std::string rule;
  // Whether it decided. True for the last step only.
  bool applied = false;
  std::string explanation;
};

// What the policy says. Made by nothing it is a denial.
struct DecisionResult {
  Effect effect = Effect::kDeny;
  // Key path of the setting that decided.
  std::string rule;
  // One of the words above.
  std::string reason;
  // One sentence for a human.
  std::string explanation;
  // With kRequireApproval: how many persons must agree.
  std::uint32_t required_approvals = 1;
  // Of Explain() only.
  std::vector<DecisionStep> steps;
};

// Decides. The first step of the decision order that applies wins; only an
// explicit allow is kAllow. Rules are found by their index: the time hardly
// depends on how many there are. Pure and thread-safe.
DecisionResult Decide(const AgentContract& contract, const ActionFacts& facts);

// Decides the same by asking each rule in turn, and tells every step up to the
// one that applied. Pure and thread-safe.
DecisionResult Explain(const AgentContract& contract, const ActionFacts& facts);

// The decision, without its steps, for the API.
airlock::v1::Decision DecisionToProto(const DecisionResult& result);

// The decision and its steps, for PolicyService.ExplainAction.
airlock::v1::ExplainActionResponse ExplanationToProto(
    const DecisionResult& result);

}  // namespace airlock::policy
