#include "services/policy/dispatch/standing_giving.h"

#include "absl/strings/str_cat.h"
#include "common/security/sortable_id.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approval_machine.h"
#include "services/policy/approval/approvers.h"
#include "services/policy/dispatch/standing_subject.h"
#include "services/policy/standing/standing_rules.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::CreateStandingApprovalRequest;
using airlock::v1::StandingApproval;

absl::Status CheckOpen(const Approval& question, const Execution& execution,
                       absl::Time now) {
  if (!execution.question_end.has_value() &&
      now < FromProto(question.deadline())) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonApprovalEnded,
      absl::StrCat("approval ", question.id(), " takes no answers any more"),
      {{"id", question.id()}});
}

absl::Status CheckShown(const Approval& question, const std::string& digest) {
  if (digest == question.digest()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, kReasonDigestMismatch,
                   absl::StrCat("what was shown is not what approval ",
                                question.id(), " is about; look at it again"),
                   {{"id", question.id()}, {"digest", question.digest()}});
}

// Adds what is wrong with what it is to cover.
void CheckCovered(const GivenPermission& giving, FieldViolations& violations) {
  CheckScope(giving.request.scope(), violations);
  if (!violations.empty()) return;
  const StandingSubject subject = SubjectOf(giving.execution);
  if (Covers(giving.request.scope(), subject)) return;
  violations.Add("scope",
                 absl::StrCat("must cover the question it starts from",
                              subject.shape.why_no_pattern.empty()
                                  ? ""
                                  : ", by its action_hash, because it ",
                              subject.shape.why_no_pattern));
}

}  // namespace

absl::Status CheckGiving(const GivenPermission& giving,
                         const AgentContract& contract, absl::Time now) {
  const Approval& question = giving.question;
  absl::Status status =
      CheckApprover(giving.approver, question.agent(), contract.approval);
  if (status.ok()) status = CheckOpen(question, giving.execution, now);
  if (status.ok()) status = CheckShown(question, giving.request.digest());
  if (status.ok()) {
    status = CheckPermissible(question, contract,
                              DecideAgain(contract, giving.execution));
  }
  if (!status.ok()) return status;
  FieldViolations violations;
  CheckCovered(giving, violations);
  CheckGivenBounds(giving.request, contract.approval.standing, violations);
  return violations.ToStatus();
}

StandingApproval NewPermission(const GivenPermission& giving,
                               const ApprovalSettings& settings,
                               absl::Time now) {
  const CreateStandingApprovalRequest& request = giving.request;
  StandingApproval given;
  given.set_id(absl::StrCat("st-", NewSortableId(now)));
  *given.mutable_scope() = request.scope();
  given.set_state(StandingApproval::STATE_ACTIVE);
  *given.mutable_create_time() = ToProto(now);
  *given.mutable_expire_time() = ToProto(now + FromProto(request.lifetime()));
  given.set_max_uses(request.max_uses());
  given.set_approver(giving.approver);
  given.set_person(PersonName(giving.approver, settings));
  given.set_comment(request.comment());
  given.set_approval_id(giving.question.id());
  given.set_summary(SummarizeScope(request.scope()));
  return given;
}

}  // namespace airlock::policy
