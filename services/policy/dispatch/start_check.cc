#include "services/policy/dispatch/start_check.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/spec.pb.h"
#include "services/policy/approval/approval_machine.h"
#include "services/policy/approval/approvers.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/decide.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using PublicExecution = airlock::v1::Execution;

// Whether what was asked, or agreed, is no less than what is asked for now.
bool StillEnough(const Approval& approval, std::uint32_t required,
                 const ApprovalSettings& settings) {
  const std::uint32_t most =
      std::max({required, approval.required_approvals(), 1U});
  if (approval.state() == Approval::STATE_PENDING) {
    return approval.required_approvals() >= most;
  }
  if (approval.state_reason() == kReasonDefaultAction) {
    return settings.approve_on_timeout;
  }
  return CountApprovals(approval, settings) >= most;
}

}  // namespace

std::optional<StartRefusal> StartCheck::Check(Execution& execution) const {
  if (StandingFlow::IsByStanding(execution)) {
    return standing_.CheckStart(execution);
  }
  const std::shared_ptr<const LoadedPolicy> policy = policy_.Current();
  std::optional<StartRefusal> refusal = CheckSession(execution);
  if (!refusal) refusal = CheckAgreed(*policy, execution);
  if (!refusal) execution.policy_version = policy->version;
  return refusal;
}

std::optional<StartRefusal> StartCheck::CheckAgain(
    const Execution& execution) const {
  if (StandingFlow::IsByStanding(execution)) {
    return standing_.CheckStarted(execution);
  }
  return CheckAgreed(*policy_.Current(), execution);
}

std::optional<StartRefusal> StartCheck::CheckAgreed(
    const LoadedPolicy& policy, const Execution& execution) {
  std::optional<StartRefusal> refusal = CheckApproval(execution);
  if (refusal) return refusal;
  return CheckPolicy(
      policy, execution,
      execution.approval.has_value() ? &*execution.approval : nullptr);
}

std::optional<StartRefusal> StartCheck::CheckQuestion(
    const Execution& execution, const Approval& question) const {
  std::optional<StartRefusal> refusal = CheckSession(execution);
  if (refusal) return refusal;
  return CheckPolicy(*policy_.Current(), execution, &question);
}

std::optional<StartRefusal> StartCheck::CheckSession(
    const Execution& execution) const {
  const Session* session = placement_.SessionOf(execution);
  const bool asked = !execution.record.execution.approval_id().empty();
  if (!asked || session == nullptr ||
      session->record.generation() ==
          execution.record.execution.session_generation()) {
    return std::nullopt;
  }
  return StartRefusal{
      PublicExecution::STATE_EXPIRED, std::string(kReasonSessionChanged),
      "its session changed after it was asked about; ask for it again"};
}

std::optional<StartRefusal> StartCheck::CheckApproval(
    const Execution& execution) {
  const PublicExecution& record = execution.record.execution;
  if (record.approval_id().empty()) return std::nullopt;
  const bool agreed = execution.approval.has_value() &&
                      execution.approval->state() == Approval::STATE_APPROVED &&
                      execution.approval->id() == record.approval_id() &&
                      execution.approval->execution_id() == record.id() &&
                      execution.approval->digest() == record.digest();
  if (agreed) return std::nullopt;
  return StartRefusal{PublicExecution::STATE_DENIED,
                      std::string(kReasonApprovalMismatch),
                      "what was approved is not what would start"};
}

std::optional<StartRefusal> StartCheck::CheckPolicy(const LoadedPolicy& policy,
                                                    const Execution& execution,
                                                    const Approval* approval) {
  if (policy.version == execution.policy_version) return std::nullopt;
  const AgentContract& contract = policy.contract->ForAgent(execution.agent());
  airlock::internal::v1::ExecutionSpec spec;
  DecisionResult decision;
  if (spec.ParseFromString(execution.spec)) {
    decision =
        Decide(contract, FactsFromAction(spec.action(), execution.agent()));
  }
  if (decision.effect == Effect::kAllow) return std::nullopt;
  const bool asked =
      decision.effect == Effect::kRequireApproval && approval != nullptr;
  if (asked &&
      StillEnough(*approval, decision.required_approvals, contract.approval)) {
    return std::nullopt;
  }
  return StartRefusal{
      PublicExecution::STATE_DENIED, std::string(kReasonPolicyChanged),
      absl::StrCat("the policy changed before it was started",
                   asked ? ", and its approval does not do any more: " : ": ",
                   decision.explanation)};
}

}  // namespace airlock::policy
