#include "services/policy/approval/approval_machine.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"
#include "common/security/digest.h"
#include "common/security/sortable_id.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approvers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

bool IsPending(const ApprovalRecord& record) {
  return record.approval.state() == Approval::STATE_PENDING;
}

// The record after a pending approval has ended; one that has ended already
// stays as it is.
ApprovalRecord End(const ApprovalRecord& record, Approval::State state,
                   absl::string_view reason, absl::Time now) {
  ApprovalRecord ended = record;
  if (!IsPending(record)) return ended;
  ended.approval.set_state(state);
  ended.approval.set_state_reason(std::string(reason));
  *ended.approval.mutable_end_time() = ToProto(now);
  ++ended.revision;
  return ended;
}

absl::Status CheckForm(const AnswerInput& input) {
  FieldViolations violations;
  if (input.answer != ApprovalAnswer::ANSWER_APPROVE &&
      input.answer != ApprovalAnswer::ANSWER_REJECT) {
    violations.Add("answer",
                   absl::StrCat("must be ANSWER_APPROVE or ANSWER_REJECT: got ",
                                static_cast<int>(input.answer)));
  }
  if (input.comment.size() > kMaxCommentBytes) {
    violations.Add("comment",
                   absl::StrCat("must be at most ", kMaxCommentBytes,
                                " bytes: got ", input.comment.size()));
  }
  if (!IsValidUtf8(input.comment)) {
    violations.Add("comment", "must be UTF-8");
  }
  return violations.ToStatus();
}

absl::Status AnsweredOtherwiseError(const Approval& approval,
                                    const ApprovalAnswer& before) {
  const absl::string_view answer =
      before.answer() == ApprovalAnswer::ANSWER_APPROVE ? "approved"
                                                        : "rejected";
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonAnsweredOtherwise,
      absl::StrCat("\"", before.approver(), "\", the same person, has ", answer,
                   " approval ", approval.id(),
                   " already; the first answer stands"),
      {{"id", approval.id()},
       {"approver", before.approver()},
       {"answer", ApprovalAnswer::Answer_Name(before.answer())}});
}

// The answer that decided; nullptr: no answer did.
const ApprovalAnswer* DecidingAnswer(const Approval& approval) {
  const bool by_person = approval.state() == Approval::STATE_REJECTED ||
                         (approval.state() == Approval::STATE_APPROVED &&
                          approval.state_reason() != kReasonDefaultAction);
  if (!by_person || approval.answers().empty()) return nullptr;
  return &*approval.answers().rbegin();
}

absl::Status EndedError(const Approval& approval) {
  const std::string& state = Approval::State_Name(approval.state());
  std::map<std::string, std::string> metadata = {{"id", approval.id()},
                                                 {"state", state}};
  std::string message = absl::StrCat("approval ", approval.id(),
                                     " is not pending any more: ", state);
  if (!approval.state_reason().empty()) {
    metadata["state_reason"] = approval.state_reason();
    absl::StrAppend(&message, " (", approval.state_reason(), ")");
  }
  if (const ApprovalAnswer* decided = DecidingAnswer(approval)) {
    metadata["decided_by"] = decided->approver();
    if (!decided->person().empty()) metadata["person"] = decided->person();
    absl::StrAppend(&message, " by \"", decided->approver(), "\"");
  }
  absl::StrAppend(
      &message, " at ",
      absl::FormatTime(FromProto(approval.end_time()), absl::UTCTimeZone()));
  return MakeError(absl::StatusCode::kFailedPrecondition, kReasonApprovalEnded,
                   message, metadata);
}

absl::Status TooLateError(const Approval& approval) {
  const std::string deadline =
      absl::FormatTime(FromProto(approval.deadline()), absl::UTCTimeZone());
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonApprovalEnded,
      absl::StrCat("approval ", approval.id(), " could be answered until ",
                   deadline, "; it takes no answers any more"),
      {{"id", approval.id()},
       {"state", Approval::State_Name(approval.state())},
       {"deadline", deadline}});
}

absl::Status CheckDigest(const Approval& approval, const AnswerInput& input) {
  const bool needed = input.answer == ApprovalAnswer::ANSWER_APPROVE;
  if (input.digest_hex == approval.digest()) return absl::OkStatus();
  if (input.digest_hex.empty() && !needed) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonDigestMismatch,
      input.digest_hex.empty()
          ? absl::StrCat("digest must be that of what was shown, to approve ",
                         approval.id(), ": got none")
          : absl::StrCat("what was shown is not what approval ", approval.id(),
                         " is about; look at it again"),
      {{"id", approval.id()}, {"digest", approval.digest()}});
}

// What follows from the answers of a pending record, which is made for them.
void Settle(ApprovalRecord& record, const ApprovalSettings& settings,
            absl::Time now) {
  Approval& approval = record.approval;
  const bool rejected =
      std::any_of(approval.answers().begin(), approval.answers().end(),
                  [](const ApprovalAnswer& answer) {
                    return answer.answer() == ApprovalAnswer::ANSWER_REJECT;
                  });
  if (rejected) {
    approval.set_state(Approval::STATE_REJECTED);
  } else if (CountApprovals(approval, settings) >=
             std::max(approval.required_approvals(), 1U)) {
    approval.set_state(Approval::STATE_APPROVED);
  } else {
    return;
  }
  *approval.mutable_end_time() = ToProto(now);
}

// The same person has given the same answer before.
absl::StatusOr<AnswerResult> AnswerAgain(const ApprovalRecord& record,
                                         const AnswerInput& input,
                                         const ApprovalSettings& settings,
                                         absl::Time now) {
  const absl::Status status = CheckDigest(record.approval, input);
  if (!status.ok()) return status;
  AnswerResult result{record, false};
  // Settings may count answers now that they did not count when these came.
  Settle(result.record, settings, now);
  result.changed = !IsPending(result.record);
  if (result.changed) ++result.record.revision;
  return result;
}

}  // namespace

ApprovalRecord AskApproval(const NewQuestion& question,
                           const ApprovalSettings& settings,
                           std::uint32_t required, absl::Time now) {
  ApprovalRecord record;
  record.action_hash = question.action_hash;
  record.revision = 1;
  Approval& approval = record.approval;
  approval.set_id(absl::StrCat("ap-", NewSortableId(now)));
  approval.set_execution_id(question.execution_id);
  approval.set_agent(question.agent);
  approval.set_action_kind(question.kind);
  approval.set_state(Approval::STATE_PENDING);
  *approval.mutable_create_time() = ToProto(now);
  *approval.mutable_deadline() = ToProto(now + settings.timeout);
  approval.set_digest(question.digest_hex);
  approval.set_rule(question.rule);
  approval.set_explanation(question.explanation);
  approval.set_required_approvals(std::max(required, 1U));
  if (settings.approvers.has_value()) {
    approval.mutable_approvers()->Assign(settings.approvers->begin(),
                                         settings.approvers->end());
  }
  approval.set_channel(settings.channel);
  approval.set_session(question.session);
  approval.set_approve_on_timeout(settings.approve_on_timeout);
  approval.set_summary(question.summary);
  approval.set_action_hash(HexEncode(question.action_hash));
  approval.set_asked_before(question.asked_before);
  return record;
}

absl::StatusOr<AnswerResult> AnswerApproval(
    const ApprovalRecord& record, const AnswerInput& input,
    const ApprovalSettings& now_in_force, absl::Time now) {
  const Approval& approval = record.approval;
  absl::Status status = CheckForm(input);
  if (!status.ok()) return status;
  status = CheckApprover(input.approver, approval.agent(), now_in_force);
  if (!status.ok()) return status;
  const bool late = IsPending(record) && now >= FromProto(approval.deadline());
  const ApprovalAnswer* before =
      FindAnswerOf(input.approver, approval, now_in_force);
  if (before != nullptr && before->answer() == input.answer) {
    if (late || !IsPending(record)) return AnswerResult{record, false};
    return AnswerAgain(record, input, now_in_force, now);
  }
  if (!IsPending(record)) return EndedError(approval);
  if (late) return TooLateError(approval);
  if (before != nullptr) return AnsweredOtherwiseError(approval, *before);
  status = CheckDigest(approval, input);
  if (!status.ok()) return status;
  AnswerResult result{record, true};
  ApprovalAnswer& answer = *result.record.approval.add_answers();
  answer.set_answer(input.answer);
  answer.set_approver(input.approver);
  answer.set_person(PersonName(input.approver, now_in_force));
  answer.set_comment(input.comment);
  *answer.mutable_time() = ToProto(now);
  ++result.record.revision;
  Settle(result.record, now_in_force, now);
  return result;
}

ApprovalRecord ExpireApproval(const ApprovalRecord& record, bool may_default,
                              absl::Time now) {
  if (!record.approval.approve_on_timeout()) {
    return End(record, Approval::STATE_EXPIRED, kReasonNoAnswer, now);
  }
  if (may_default) {
    return End(record, Approval::STATE_APPROVED, kReasonDefaultAction, now);
  }
  return End(record, Approval::STATE_EXPIRED, kReasonDefaultWithheld, now);
}

ApprovalRecord VoidApproval(const ApprovalRecord& record,
                            absl::string_view reason, absl::Time now) {
  return End(record, Approval::STATE_EXPIRED, reason, now);
}

ApprovalRecord CancelApproval(const ApprovalRecord& record,
                              absl::string_view reason, absl::Time now) {
  return End(record, Approval::STATE_CANCELLED, reason, now);
}

}  // namespace airlock::policy
