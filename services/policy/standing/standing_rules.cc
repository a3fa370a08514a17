#include "services/policy/standing/standing_rules.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approvers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::StandingApproval;

absl::Status DisabledError(const Approval& question, absl::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   kReasonStandingDisabled,
                   absl::StrCat("nothing may be permitted beyond approval ",
                                question.id(), ": ", why),
                   {{"id", question.id()}});
}

absl::Status QuorumError(const Approval& question, std::uint32_t required) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonQuorumRequired,
      absl::StrCat("what ", required,
                   " persons must agree to is asked each time; answer "
                   "approval ",
                   question.id()),
      {{"id", question.id()}, {"required", absl::StrCat(required)}});
}

}  // namespace

absl::Status CheckPermissible(const Approval& question,
                              const AgentContract& contract,
                              const DecisionResult& decision) {
  const std::uint32_t required =
      std::max(decision.required_approvals, question.required_approvals());
  if (!contract.approval.standing.enabled) {
    return DisabledError(question, "approvalGating.standing.enabled is false");
  }
  if (contract.autonomy.level == AutonomyLevel::kReadonly) {
    return DisabledError(
        question, absl::StrCat(contract.autonomy.level_path, " is readonly"));
  }
  if (decision.effect != Effect::kRequireApproval) {
    return DisabledError(
        question, absl::StrCat("the policy in force does not ask about it: ",
                               decision.explanation));
  }
  if (required != 1) return QuorumError(question, required);
  return absl::OkStatus();
}

bool MayBeReplaced(const AgentContract& contract,
                   const DecisionResult& decision) {
  return contract.approval.standing.enabled &&
         contract.autonomy.level != AutonomyLevel::kReadonly &&
         decision.effect == Effect::kRequireApproval &&
         decision.required_approvals == 1;
}

bool HoldsUnder(const StandingApproval& permission,
                const AgentContract& contract, absl::Time now) {
  const StandingSettings& settings = contract.approval.standing;
  return settings.enabled &&
         contract.autonomy.level != AutonomyLevel::kReadonly &&
         permission.uses() < settings.max_uses &&
         now < FromProto(permission.create_time()) + settings.max_lifetime &&
         CheckApprover(permission.approver(), permission.scope().agent(),
                       contract.approval)
             .ok();
}

DecisionResult DecisionBy(const StandingApproval& permission) {
  DecisionResult decision;
  decision.effect = Effect::kAllow;
  decision.rule = absl::StrCat(kStandingRulePrefix, permission.id());
  decision.reason = std::string(kReasonStandingApproval);
  decision.explanation = absl::StrCat(
      permission.person().empty() ? permission.approver() : permission.person(),
      " permitted it until ",
      absl::FormatTime(FromProto(permission.expire_time()),
                       absl::UTCTimeZone()),
      ": ", permission.summary());
  return decision;
}

void CheckGivenBounds(const airlock::v1::CreateStandingApprovalRequest& request,
                      const StandingSettings& settings,
                      FieldViolations& violations) {
  const absl::Duration lifetime = FromProto(request.lifetime());
  if (lifetime < absl::Milliseconds(1) || lifetime > settings.max_lifetime) {
    violations.Add(
        "lifetime",
        absl::StrCat("must be from 1ms to ",
                     absl::FormatDuration(settings.max_lifetime),
                     ", which approvalGating.standing.maxLifetime says: got ",
                     absl::FormatDuration(lifetime)));
  }
  if (request.max_uses() < 1 || request.max_uses() > settings.max_uses) {
    violations.Add(
        "max_uses",
        absl::StrCat("must be from 1 to ", settings.max_uses,
                     ", which approvalGating.standing.maxUses says: got ",
                     request.max_uses()));
  }
  if (request.comment().size() > kMaxStandingCommentBytes) {
    violations.Add("comment",
                   absl::StrCat("must be at most ", kMaxStandingCommentBytes,
                                " bytes: got ", request.comment().size()));
  }
  if (!IsValidUtf8(request.comment())) {
    violations.Add("comment", "must be UTF-8");
  }
}

}  // namespace airlock::policy
