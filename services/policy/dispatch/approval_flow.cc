#include "services/policy/dispatch/approval_flow.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approvers.h"
#include "services/policy/audit/audit_entries.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::ExecutionEvent;
using PublicExecution = airlock::v1::Execution;

// How often a change that could not be recorded is tried again.
constexpr absl::Duration kRetry = absl::Seconds(1);
// Deadlines applied at once: each is a transaction.
constexpr std::size_t kMaxDue = 500;

PublicExecution::State StateAfter(const Approval& approval) {
  switch (approval.state()) {
    case Approval::STATE_APPROVED:
      return PublicExecution::STATE_QUEUED;
    case Approval::STATE_REJECTED:
      return PublicExecution::STATE_REJECTED;
    case Approval::STATE_EXPIRED:
      return approval.state_reason() == kReasonPolicyChanged
                 ? PublicExecution::STATE_DENIED
                 : PublicExecution::STATE_EXPIRED;
    case Approval::STATE_CANCELLED:
      return PublicExecution::STATE_CANCELLED;
    default:
      return PublicExecution::STATE_AWAITING_APPROVAL;
  }
}

// What an execution is after its approval became `approval`.
PublicExecution After(PublicExecution execution, const Approval& approval) {
  execution.set_state(StateAfter(approval));
  if (execution.state() == PublicExecution::STATE_AWAITING_APPROVAL ||
      execution.state() == PublicExecution::STATE_QUEUED) {
    return execution;
  }
  const bool rejected = approval.state() == Approval::STATE_REJECTED;
  execution.set_state_reason(rejected ? "REJECTED" : approval.state_reason());
  if (rejected && !approval.answers().empty()) {
    execution.set_state_message(approval.answers().rbegin()->comment());
  }
  *execution.mutable_end_time() = approval.end_time();
  return execution;
}

absl::Status NotRecordedError(const absl::Status& status) {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                absl::StrCat("it could not be recorded, so nothing has "
                             "changed; try again: ",
                             status.message())),
      absl::Seconds(1));
}

absl::Status EndingError(const Approval& approval, const QuestionEnd& end) {
  return MakeError(absl::StatusCode::kFailedPrecondition, kReasonApprovalEnded,
                   absl::StrCat("approval ", approval.id(),
                                " is about to end: ", end.reason),
                   {{"id", approval.id()}, {"state_reason", end.reason}});
}

// The answer that has just been given, or one that counts only now.
const ApprovalAnswer& AnswerOf(const Approval& approval,
                               const std::string& approver) {
  const auto found = std::find_if(
      approval.answers().begin(), approval.answers().end(),
      [&](const ApprovalAnswer& each) { return each.approver() == approver; });
  return found != approval.answers().end() ? *found
                                           : *approval.answers().rbegin();
}

absl::Status NotFoundError(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "APPROVAL_NOT_FOUND",
                   absl::StrCat("there is no approval with id \"", id, "\""),
                   {{"id", id}});
}

}  // namespace

std::string RejectionText(const Rejection& rejection) {
  const std::string& who =
      rejection.person.empty() ? rejection.approver : rejection.person;
  return rejection.comment.empty() ? absl::StrCat("rejected before by ", who)
                                   : absl::StrCat("rejected before by ", who,
                                                  ": ", rejection.comment);
}

ApprovalSettings ApprovalFlow::SettingsFor(const std::string& agent) const {
  return p_.policy.Current()->contract->ForAgent(agent).approval;
}

absl::Status ApprovalFlow::CheckRoom(const std::string& agent,
                                     const ApprovalSettings& settings) const {
  return pending_.CheckRoom(agent, settings.max_pending, p_.max_pending);
}

std::optional<Rejection> ApprovalFlow::RejectedBefore(
    const std::string& agent, const std::string& action_hash) {
  return rejections_.Find(agent, action_hash, p_.clock.Now());
}

void ApprovalFlow::Ask(Execution& execution, const NewQuestion& question,
                       const ApprovalSettings& settings,
                       std::uint32_t required) {
  const ApprovalRecord asked =
      AskApproval(question, settings, required, p_.clock.Now());
  execution.record.execution.set_approval_id(asked.approval.id());
  pending_.Add(asked, p_.clock.Monotonic() + settings.timeout)->committing =
      true;

  const bool first = !execution.recorded;
  Transaction transaction;
  Journal::Add(execution, transaction);
  transaction.audit.push_back(
      ApprovalAskedEntry(asked.approval, execution.policy_version));
  transaction.approvals.push_back(asked);
  p_.journal.Commit(std::move(transaction),
                    [this, asked, first, execution_id = execution.id()](
                        const absl::Status& status) {
                      Asked(execution_id, asked, first, status);
                    });
}

void ApprovalFlow::Asked(const std::string& execution_id,
                         const ApprovalRecord& record, bool first,
                         const absl::Status& status) {
  PendingApproval& pending = *pending_.Find(record.approval.id());
  pending.committing = false;
  const std::vector<std::function<void()>> waiting =
      std::exchange(pending.waiting, {});
  Execution& execution = *p_.table.Find(execution_id);
  if (status.ok()) {
    Tell(execution, record.approval);
  } else {
    LogError("a question could not be recorded",
             {{"execution_id", execution_id}, {"error", status.ToString()}});
    pending_.Remove(record.approval.id());
    if (first) {
      p_.ends.Forget(execution, NotRecordedError(status));
    } else {
      // It is in the store without a question, and no answer may start it.
      execution.record.execution.clear_approval_id();
      p_.ends.NotStarted(
          execution, "RECORD_FAILED",
          "its question could not be recorded, so it was not started");
    }
  }
  for (const auto& step : waiting) step();
}

void ApprovalFlow::Tell(Execution& execution, const Approval& approval) {
  ExecutionEvent event;
  *event.mutable_event_time() = ToProto(p_.clock.Now());
  *event.mutable_approval() = approval;
  execution.feed.AddEvent(std::move(event));
  p_.watchers.Tell(approval);
}

void ApprovalFlow::Run(const std::string& id, const Step& step,
                       const std::function<void()>& otherwise) {
  PendingApproval* pending = pending_.Find(id);
  if (pending == nullptr) {
    otherwise();
  } else if (pending->committing) {
    pending->waiting.push_back(
        [this, id, step, otherwise] { Run(id, step, otherwise); });
  } else {
    step(*pending);
  }
}

void ApprovalFlow::Answer(const std::string& id, const AnswerInput& answer,
                          Done done) {
  Run(
      id,
      [this, answer, done](PendingApproval& pending) {
        AnswerPending(pending, answer, done);
      },
      [this, id, answer, done] { AnswerEnded(id, answer, done); });
}

void ApprovalFlow::AnswerPending(PendingApproval& pending,
                                 const AnswerInput& answer, const Done& done) {
  const Execution& execution =
      *p_.table.Find(pending.record.approval.execution_id());
  if (execution.question_end.has_value()) {
    done(EndingError(pending.record.approval, *execution.question_end));
    return;
  }
  const absl::Time now = p_.clock.Now();
  absl::StatusOr<AnswerResult> result =
      AnswerApproval(pending.record, answer,
                     SettingsFor(pending.record.approval.agent()), now);
  if (!result.ok()) {
    done(result.status());
    return;
  }
  if (!result->changed) {
    done(result->record.approval);
    return;
  }
  const Approval& next = result->record.approval;
  std::vector<AuditEntry> audit;
  audit.push_back(ApprovalAnsweredEntry(next, AnswerOf(next, answer.approver)));
  Move(pending, std::move(result->record), std::move(audit), done);
}

void ApprovalFlow::AnswerEnded(const std::string& id, const AnswerInput& answer,
                               const Done& done) {
  p_.store.FindApproval(
      id, [this, id, answer,
           done](absl::StatusOr<std::optional<ApprovalRecord>> found) {
        p_.serializer.Submit([this, id, answer, done, found] {
          if (!found.ok()) {
            done(found.status());
          } else if (!found->has_value()) {
            done(NotFoundError(id));
          } else {
            const absl::StatusOr<AnswerResult> result = AnswerApproval(
                **found, answer, SettingsFor((*found)->approval.agent()),
                p_.clock.Now());
            if (result.ok()) {
              done(result->record.approval);
            } else {
              done(result.status());
            }
          }
        });
      });
}

void ApprovalFlow::Cancel(const std::string& id, const std::string& actor,
                          Done done) {
  Run(
      id,
      [this, actor, done](PendingApproval& pending) {
        Move(pending,
             CancelApproval(pending.record, "CANCELLED", p_.clock.Now()), {},
             done, actor);
      },
      [id, done] {
        done(MakeError(
            absl::StatusCode::kFailedPrecondition, "APPROVAL_ENDED",
            absl::StrCat("approval ", id, " is not pending any more")));
      });
}

void ApprovalFlow::Withdraw(Execution& execution, absl::string_view reason,
                            absl::string_view actor) {
  EndQuestion(execution, {Approval::STATE_CANCELLED, std::string(reason),
                          std::string(actor)});
}

void ApprovalFlow::Void(Execution& execution, absl::string_view reason) {
  EndQuestion(execution, {Approval::STATE_EXPIRED, std::string(reason), ""});
}

void ApprovalFlow::EndQuestion(Execution& execution, QuestionEnd end) {
  const std::string id = execution.record.execution.approval_id();
  if (!execution.question_end.has_value()) {
    execution.question_end = std::move(end);
  }
  ending_.insert(id);
  Run(
      id, [this](PendingApproval& pending) { TryEnd(pending); },
      // Approve() has seen to it.
      [] {});
}

void ApprovalFlow::TryEnd(PendingApproval& pending) {
  const QuestionEnd end =
      *p_.table.Find(pending.record.approval.execution_id())->question_end;
  const absl::Time now = p_.clock.Now();
  Move(
      pending,
      end.state == Approval::STATE_CANCELLED
          ? CancelApproval(pending.record, end.reason, now)
          : VoidApproval(pending.record, end.reason, now),
      {}, [](const auto&) {}, end.actor);
}

void ApprovalFlow::RetryEnds() {
  if (ending_.empty() || !p_.journal.CheckWritable().ok()) return;
  for (const std::string& id :
       std::vector<std::string>(ending_.begin(), ending_.end())) {
    PendingApproval* pending = pending_.Find(id);
    if (pending == nullptr) {
      ending_.erase(id);
    } else if (!pending->committing) {
      TryEnd(*pending);
    }
  }
}

void ApprovalFlow::OnSessionMoved(const Session& session) {
  for (const std::string& id : session.live) {
    Execution* execution = p_.table.Find(id);
    if (execution->phase == Phase::kAwaitingApproval) {
      Void(*execution, kReasonSessionChanged);
    }
  }
}

void ApprovalFlow::Move(PendingApproval& pending, ApprovalRecord next,
                        std::vector<AuditEntry> audit, Done done,
                        const std::string& actor) {
  const Execution& execution = *p_.table.Find(next.approval.execution_id());
  const PublicExecution after =
      After(execution.record.execution, next.approval);
  Transaction transaction;
  transaction.audit = std::move(audit);
  if (next.approval.state() != Approval::STATE_PENDING) {
    transaction.audit.push_back(ApprovalEndedEntry(next.approval, actor));
    ExecutionRecord record = execution.record;
    record.execution = after;
    transaction.executions.push_back(std::move(record));
    if (after.state() != PublicExecution::STATE_QUEUED) {
      transaction.audit.push_back(EndEntry(after, nullptr, actor));
    }
  }
  transaction.approvals.push_back(next);
  pending.committing = true;
  p_.journal.Commit(
      std::move(transaction),
      [this, next = std::move(next), after, done = std::move(done)](
          const absl::Status& status) { Moved(next, after, status, done); });
}

void ApprovalFlow::Moved(const ApprovalRecord& next,
                         const PublicExecution& after,
                         const absl::Status& status, const Done& done) {
  PendingApproval& pending = *pending_.Find(next.approval.id());
  pending.committing = false;
  const std::vector<std::function<void()>> waiting =
      std::exchange(pending.waiting, {});
  if (status.ok()) {
    Apply(pending, next, after);
    done(next.approval);
  } else {
    LogError(
        "a change of an approval could not be recorded",
        {{"approval_id", next.approval.id()}, {"error", status.ToString()}});
    Execution& execution = *p_.table.Find(next.approval.execution_id());
    if (execution.question_end.has_value()) {
      ExecutionEnds::TellNotRecorded(execution, status);
    }
    done(NotRecordedError(status));
  }
  for (const auto& step : waiting) step();
}

void ApprovalFlow::Apply(PendingApproval& pending, const ApprovalRecord& next,
                         const PublicExecution& after) {
  Execution& execution = *p_.table.Find(next.approval.execution_id());
  pending.record = next;
  Tell(execution, next.approval);
  if (next.approval.state() == Approval::STATE_PENDING) return;
  const Approval& approval = next.approval;
  pending_.Remove(approval.id());
  delivered_.erase(approval.id());
  interrupted_.erase(approval.id());
  p_.metrics.CountApproval(
      approval.channel(), approval.state(),
      FromProto(approval.end_time()) - FromProto(approval.create_time()));
  execution.record.execution = after;
  if (approval.state() == Approval::STATE_APPROVED) {
    execution.approval = approval;
    Approve(execution);
    return;
  }
  if (approval.state() == Approval::STATE_REJECTED) Remember(next);
  p_.ends.Recorded(execution);
}

void ApprovalFlow::Approve(Execution& execution) {
  if (execution.question_end.has_value()) {
    // It was to end while the answer was being recorded.
    const QuestionEnd end = *std::exchange(execution.question_end, {});
    p_.ends.EndUnstarted(execution,
                         end.state == Approval::STATE_CANCELLED
                             ? PublicExecution::STATE_CANCELLED
                             : PublicExecution::STATE_EXPIRED,
                         end.reason);
    return;
  }
  execution.queue_deadline = p_.clock.Monotonic() + execution.queue_timeout;
  ExecutionEvent event;
  *event.mutable_event_time() = ToProto(p_.clock.Now());
  event.mutable_state_change()->set_from(
      PublicExecution::STATE_AWAITING_APPROVAL);
  event.mutable_state_change()->set_to(PublicExecution::STATE_QUEUED);
  execution.feed.AddEvent(std::move(event));
  p_.enqueue(execution);
}

void ApprovalFlow::Remember(const ApprovalRecord& rejected) {
  const absl::Duration memory =
      SettingsFor(rejected.approval.agent()).rejection_memory;
  rejections_.Remember(rejected,
                       FromProto(rejected.approval.end_time()) + memory);
}

void ApprovalFlow::OnDelivered(const std::string& id,
                               absl::string_view approver) {
  const PendingApproval* pending = pending_.Find(id);
  if (pending == nullptr) return;
  const std::string& agent = pending->record.approval.agent();
  if (CheckApprover(approver, agent, SettingsFor(agent)).ok()) {
    delivered_.insert(id);
  }
}

const Approval* ApprovalFlow::FindPending(const std::string& id) {
  const PendingApproval* pending = pending_.Find(id);
  return pending == nullptr ? nullptr : &pending->record.approval;
}

std::vector<Approval> ApprovalFlow::Pending() {
  std::vector<Approval> all;
  all.reserve(pending_.size());
  pending_.ForEach([&all](PendingApproval& pending) {
    all.push_back(pending.record.approval);
  });
  return all;
}

void ApprovalFlow::Restore(ApprovalRecord record) {
  const absl::Time asked = FromProto(record.approval.create_time());
  const absl::Time deadline = FromProto(record.approval.deadline());
  // The wall clock may have been set meanwhile, in both directions.
  const absl::Duration left =
      std::clamp(deadline - p_.clock.Now(), absl::ZeroDuration(),
                 std::max(absl::ZeroDuration(), deadline - asked));
  interrupted_.insert(record.approval.id());
  pending_.Add(std::move(record), p_.clock.Monotonic() + left);
}

void ApprovalFlow::Tick() {
  CheckPolicy();
  RetryEnds();
  const absl::Duration now = p_.clock.Monotonic();
  for (const std::string& id : pending_.TakeDue(now, kMaxDue)) {
    // Unless what is under way answers it, or this fails, it is over then.
    pending_.Remind(id, now + kRetry);
    PendingApproval& pending = *pending_.Find(id);
    if (!pending.committing) Expire(pending);
  }
  const std::optional<absl::Time> oldest = pending_.OldestCreateTime();
  p_.metrics.SetApprovalsPending(pending_.size(), oldest.has_value()
                                                      ? p_.clock.Now() - *oldest
                                                      : absl::ZeroDuration());
}

void ApprovalFlow::Expire(PendingApproval& pending) {
  const std::string& id = pending.record.approval.id();
  const bool may_default =
      delivered_.contains(id) && !interrupted_.contains(id) &&
      SettingsFor(pending.record.approval.agent()).approve_on_timeout;
  Move(pending, ExpireApproval(pending.record, may_default, p_.clock.Now()), {},
       [](const auto&) {});
}

void ApprovalFlow::CheckPolicy() {
  const std::string& version = p_.policy.Current()->version;
  if (version == policy_version_) return;
  policy_version_ = version;
  std::vector<std::pair<Execution*, std::string>> refused;
  pending_.ForEach([&](PendingApproval& pending) {
    Execution& execution =
        *p_.table.Find(pending.record.approval.execution_id());
    if (auto refusal =
            p_.start_check.CheckQuestion(execution, pending.record.approval)) {
      refused.emplace_back(&execution, std::move(refusal->reason));
    }
  });
  for (const auto& [execution, reason] : refused) Void(*execution, reason);
}

}  // namespace airlock::policy
