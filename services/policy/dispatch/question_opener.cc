#include "services/policy/dispatch/question_opener.h"

#include <memory>
#include <optional>

#include "airlock/internal/v1/spec.pb.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/action_view.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/dispatch/standing_subject.h"
#include "services/policy/dispatch/start_refusal.h"

namespace airlock::policy {
namespace {

using PublicExecution = airlock::v1::Execution;

NewQuestion QuestionAbout(const Execution& execution) {
  const PublicExecution& record = execution.record.execution;
  airlock::internal::v1::ExecutionSpec spec;
  spec.ParseFromString(execution.spec);
  NewQuestion question;
  question.execution_id = execution.id();
  question.agent = execution.agent();
  question.session = record.session();
  question.digest_hex = record.digest();
  question.action_hash = ActionHash(execution.spec);
  question.rule = record.decision().rule();
  question.explanation = record.decision().explanation();
  question.summary = SummarizeAction(spec);
  question.kind = record.action_kind();
  return question;
}

}  // namespace

void QuestionOpener::Open(Execution& execution, const AgentContract& contract,
                          std::uint32_t required) {
  NewQuestion question = QuestionAbout(execution);
  if (const auto before = p_.approvals.RejectedBefore(execution.agent(),
                                                      question.action_hash)) {
    p_.ends.EndUnstarted(execution, PublicExecution::STATE_REJECTED,
                         "REJECTED_BEFORE", RejectionText(*before));
    return;
  }
  question.asked_before = p_.questions.Remember(SubjectOf(execution));
  if (question.asked_before > 0) p_.metrics.CountRepeatedQuestion();
  p_.approvals.Ask(execution, question, contract.approval, required);
}

void QuestionOpener::OpenInstead(Execution& execution, std::uint32_t required) {
  if (execution.assignment.has_value()) {
    p_.placement.OnRequeued(execution);
    execution.assignment.reset();
    execution.record.execution.clear_executor_id();
  }
  if (SessionMoved(execution)) {
    p_.ends.EndUnstarted(
        execution, PublicExecution::STATE_EXPIRED, kReasonSessionChanged,
        "nothing lets it start unasked any more, and its session changed "
        "meanwhile; ask for it again");
    return;
  }
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  const AgentContract& contract = policy->contract->ForAgent(execution.agent());
  const absl::Status room =
      p_.approvals.CheckRoom(execution.agent(), contract.approval);
  if (!room.ok()) {
    p_.ends.EndUnstarted(execution, PublicExecution::STATE_EXPIRED,
                         "APPROVALS_FULL", room.message());
    return;
  }
  execution.phase = Phase::kAwaitingApproval;
  execution.record.execution.set_state(
      PublicExecution::STATE_AWAITING_APPROVAL);
  airlock::v1::ExecutionEvent event;
  *event.mutable_event_time() = ToProto(p_.clock.Now());
  event.mutable_state_change()->set_from(PublicExecution::STATE_QUEUED);
  event.mutable_state_change()->set_to(
      PublicExecution::STATE_AWAITING_APPROVAL);
  execution.feed.AddEvent(std::move(event));
  Open(execution, contract, required);
}

void QuestionOpener::Recall(const Execution& execution) {
  p_.questions.Remember(SubjectOf(execution));
}

bool QuestionOpener::SessionMoved(const Execution& execution) {
  const Session* session = p_.placement.SessionOf(execution);
  return session != nullptr &&
         session->record.generation() !=
             execution.record.execution.session_generation();
}

}  // namespace airlock::policy
