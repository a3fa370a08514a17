#include "services/policy/dispatch/execution_flow.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/job_messages.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::v1::ExecutionEvent;
using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

// What may come without credit: the rest of the pipes when a process has ended.
constexpr std::uint64_t kOutputBeyondCredit = 2 * 1024 * 1024 + 64 * 1024;

}  // namespace

ConnectedExecutor* ExecutionFlow::ExecutorOf(const Execution& execution) {
  if (!execution.assignment.has_value()) return nullptr;
  return p_.pool.Find(execution.assignment->link);
}

void ExecutionFlow::Enqueue(Execution& execution) {
  execution.phase = Phase::kQueued;
  p_.queue.PushBack(execution.agent(), execution.id());
  Pump();
}

void ExecutionFlow::Requeue(Execution& execution) {
  execution.phase = Phase::kQueued;
  execution.assignment.reset();
  execution.record.execution.clear_executor_id();
  p_.placement.OnRequeued(execution);
  p_.metrics.CountRequeued();
  p_.queue.PushFront(execution.agent(), execution.id());
}

void ExecutionFlow::Pump() {
  std::vector<std::pair<std::string, StartRefusal>> refused;
  p_.queue.Offer([this, &refused](const std::string& id) {
    if (!p_.pool.has_credit()) return FairQueue::Answer::kStop;
    Execution& execution = *p_.table.Find(id);
    if (p_.freezer.IsFrozen(execution.agent())) {
      return FairQueue::Answer::kPassed;
    }
    if (auto refusal = p_.start_check.Check(execution)) {
      refused.emplace_back(id, *std::move(refusal));
      return FairQueue::Answer::kTaken;
    }
    ConnectedExecutor* executor = p_.placement.Choose(execution);
    if (executor == nullptr) return FairQueue::Answer::kPassed;
    Assign(execution, *executor);
    return FairQueue::Answer::kTaken;
  });
  for (const auto& [id, refusal] : refused) {
    Refuse(*p_.table.Find(id), refusal);
  }
  p_.metrics.SetQueued(p_.queue.size());
}

void ExecutionFlow::Refuse(Execution& execution, const StartRefusal& refusal) {
  if (refusal.state == PublicExecution::STATE_AWAITING_APPROVAL) {
    p_.questions.OpenInstead(execution, refusal.required_approvals);
    return;
  }
  p_.ends.EndUnstarted(execution, refusal.state, refusal.reason,
                       refusal.message);
}

void ExecutionFlow::Assign(Execution& execution, ConnectedExecutor& executor) {
  --executor.credits;
  execution.phase = Phase::kPreparing;
  const absl::Duration now = p_.clock.Monotonic();
  p_.metrics.ObserveQueue(now - execution.accepted_at);
  execution.prepare_deadline = now + times_.prepare;
  execution.executor_ended = false;
  execution.progress.Clear();
  execution.assignment = Assignment{
      executor.link, executor.id, executor.boot_nonce, ++execution.last_fence};
  execution.record.execution.set_executor_id(executor.id);
  execution.job_sent = false;
  p_.placement.OnAssigned(execution, executor);
  if (p_.placement.HasSandbox(execution)) {
    CommitStart(execution);
  } else {
    SendJob(execution, executor);
  }
}

void ExecutionFlow::SendJob(Execution& execution, ConnectedExecutor& executor) {
  execution.job_sent = true;
  executor.channel->Send(JobMessage(execution));
}

void ExecutionFlow::SendJobWithGrant(Execution& execution,
                                     ConnectedExecutor& executor) {
  execution.job_sent = true;
  ConnectResponse message = JobMessage(execution);
  *message.mutable_job()->mutable_grant() = execution.grant;
  executor.channel->Send(std::move(message));
}

void ExecutionFlow::OnProgress(Execution& execution,
                               const airlock::v1::PrepareProgress& progress) {
  if (execution.phase != Phase::kPreparing) return;
  execution.progress = progress;
  ExecutionEvent event;
  *event.mutable_event_time() = ToProto(p_.clock.Now());
  *event.mutable_prepare_progress() = progress;
  execution.feed.AddEvent(std::move(event));
}

void ExecutionFlow::OnReady(Execution& execution, const std::string& image_id) {
  if (execution.phase != Phase::kPreparing) return;
  execution.image_id = image_id;
  CommitStart(execution);
}

void ExecutionFlow::CommitStart(Execution& execution) {
  Transaction transaction;
  std::optional<StartRefusal> refusal = p_.start_check.Check(execution);
  if (!refusal) refusal = p_.standing.TakeUse(execution, transaction);
  if (refusal) {
    TakeBack(execution);
    Refuse(execution, *refusal);
    return;
  }
  execution.phase = Phase::kStarting;
  ExecutionRecord& record = execution.record;
  record.execution.set_state(PublicExecution::STATE_RUNNING);
  *record.execution.mutable_start_time() = ToProto(p_.clock.Now());
  record.boot_nonce = execution.assignment->boot_nonce;
  record.fence = execution.assignment->fence;
  const bool first = !execution.recorded;
  Journal::Add(execution, transaction);
  p_.placement.OnStarting(execution);
  if (const Session* session = p_.placement.SessionOf(execution)) {
    transaction.sessions.push_back(StartedSession(*session, execution));
  }
  execution.grant = MintGrant(execution);
  transaction.audit.push_back(
      StartEntry(record.execution, execution.assignment->executor_id,
                 execution.grant.claims(), execution.policy_version));
  p_.journal.Commit(std::move(transaction),
                    [this, first, id = execution.id(),
                     permission = record.execution.standing_approval_id()](
                        const absl::Status& status) {
                      p_.standing.OnStartRecorded(permission, status);
                      Execution* started = p_.table.Find(id);
                      if (started == nullptr) return;
                      if (!status.ok() && first) Journal::TakeBack(*started);
                      OnStartCommitted(*started, status);
                      Pump();
                    });
}

void ExecutionFlow::OnStartCommitted(Execution& execution,
                                     const absl::Status& status) {
  if (execution.phase != Phase::kStarting) return;
  ConnectedExecutor* executor = ExecutorOf(execution);
  const bool stays = status.ok() && !execution.early_end.has_value() &&
                     execution.cancel_reason.empty() &&
                     !p_.freezer.IsFrozen(execution.agent()) &&
                     !p_.standing.IsRevoked(execution) && executor != nullptr;
  if (stays) {
    Start(execution, *executor);
  } else {
    EndCommitted(execution, status);
  }
}

void ExecutionFlow::EndCommitted(Execution& execution,
                                 const absl::Status& status) {
  if (!execution.executor_ended) TakeBack(execution);
  if (!status.ok()) {
    LogError("start could not be recorded",
             {{"execution_id", execution.id()}, {"error", status.ToString()}});
    p_.ends.NotStarted(
        execution, "RECORD_FAILED",
        "its start could not be recorded, so it was not started");
  } else if (execution.early_end.has_value()) {
    p_.ends.Finish(execution, *execution.early_end);
  } else if (!execution.cancel_reason.empty()) {
    p_.ends.EndUnstarted(execution, PublicExecution::STATE_CANCELLED,
                         execution.cancel_reason);
  } else if (p_.standing.IsRevoked(execution)) {
    p_.ends.NotStarted(
        execution, kReasonStandingEnded,
        "its permission was taken back before it could be started");
  } else if (ExecutorOf(execution) != nullptr) {
    p_.ends.NotStarted(execution, "FROZEN",
                       "an operator stopped all starts before it started");
  } else {
    p_.ends.NotStarted(execution, "EXECUTOR_LOST",
                       "its executor was lost before it could be started");
  }
}

void ExecutionFlow::Start(Execution& execution, ConnectedExecutor& executor) {
  execution.phase = Phase::kRunning;
  p_.placement.OnStarted(execution);
  if (const Session* session = p_.placement.SessionOf(execution)) {
    if (MayWrite(execution.record.execution.action_kind())) {
      p_.approvals.OnSessionMoved(*session);
    }
  }
  execution.started_at = p_.clock.Monotonic();
  p_.metrics.ObserveStart(execution.started_at - execution.accepted_at);
  if (execution.job_sent) {
    SendGrant(execution, executor);
  } else {
    SendJobWithGrant(execution, executor);
  }

  ExecutionEvent event;
  *event.mutable_event_time() = ToProto(p_.clock.Now());
  event.mutable_state_change()->set_from(PublicExecution::STATE_QUEUED);
  event.mutable_state_change()->set_to(PublicExecution::STATE_RUNNING);
  execution.feed.AddEvent(std::move(event));
}

void ExecutionFlow::SendGrant(const Execution& execution,
                              ConnectedExecutor& executor) {
  ConnectResponse message;
  *message.mutable_grant() = execution.grant;
  executor.channel->Send(std::move(message));
}

airlock::internal::v1::Grant ExecutionFlow::MintGrant(
    const Execution& execution) {
  return p_.minter.Mint(execution.id(), execution.digest,
                        *execution.assignment);
}

void ExecutionFlow::OnOutput(Execution& execution,
                             airlock::v1::OutputChunk chunk) {
  if (execution.phase != Phase::kRunning) return;
  const std::uint64_t bound = execution.credit_told + kOutputBeyondCredit;
  if (execution.feed.output().received() + chunk.data().size() > bound) {
    ExecutorOf(execution)->channel->Close(MakeError(
        absl::StatusCode::kInvalidArgument, "OUTPUT_BEYOND_CREDIT",
        absl::StrCat("execution ", execution.id(), " sent more than ", bound,
                     " bytes of output, which is all it had credit for")));
    return;
  }
  execution.feed.AddOutput(std::move(chunk));
  UpdateCredit(execution);
}

void ExecutionFlow::UpdateCredit(Execution& execution) {
  ConnectedExecutor* executor = ExecutorOf(execution);
  if (execution.phase != Phase::kRunning || executor == nullptr) return;
  const std::uint64_t limit = execution.feed.CreditLimit();
  // Many small steps would cost more than they let flow.
  if (limit < execution.credit_told + kOutputWindow / 4) return;
  execution.credit_told = limit;
  executor->channel->Send(CreditMessage(execution, limit));
}

void ExecutionFlow::OnJobEnded(Execution& execution,
                               const airlock::internal::v1::JobEnded& ended) {
  execution.executor_ended = true;
  const bool unstarted =
      ended.outcome().ended_by() == Outcome::ENDED_BY_NOT_STARTED;
  switch (execution.phase) {
    case Phase::kPreparing:
    case Phase::kStarting:
      if (!unstarted) {
        LogError("executor ended a job it had no grant for",
                 {{"execution_id", execution.id()},
                  {"executor_id", execution.assignment->executor_id}});
        OutcomeUnknown(execution, "its executor broke the protocol");
      } else if (execution.phase == Phase::kStarting) {
        execution.early_end = ended.outcome();
      } else if (ended.retriable() && execution.cancel_reason.empty()) {
        p_.ends.Acknowledge(execution);
        Requeue(execution);
      } else {
        p_.ends.Finish(execution, ended.outcome());
      }
      return;
    case Phase::kRunning:
      p_.ends.Finish(execution, ended.outcome());
      return;
    case Phase::kEnded:
      p_.ends.Acknowledge(execution);
      return;
    case Phase::kAwaitingApproval:
    case Phase::kQueued:
    case Phase::kEnding:
      return;
  }
}

void ExecutionFlow::Cancel(Execution& execution, absl::string_view reason,
                           absl::string_view actor) {
  if (execution.cancel_reason.empty()) {
    execution.cancel_reason = std::string(reason);
    execution.cancel_actor = std::string(actor);
  }
  switch (execution.phase) {
    case Phase::kAwaitingApproval:
      p_.approvals.Withdraw(execution, execution.cancel_reason,
                            execution.cancel_actor);
      return;
    case Phase::kQueued:
    case Phase::kPreparing:
      TakeBack(execution);
      p_.ends.EndUnstarted(execution, PublicExecution::STATE_CANCELLED,
                           execution.cancel_reason);
      Pump();
      return;
    case Phase::kRunning:
      SendCancel(execution);
      return;
    case Phase::kStarting:
    case Phase::kEnding:
    case Phase::kEnded:
      return;
  }
}

void ExecutionFlow::OnSessionLost(Execution& execution) {
  const absl::string_view reason = "SESSION_LOST";
  const absl::string_view message =
      "the sandbox of its session is gone, so it was not started";
  switch (execution.phase) {
    case Phase::kAwaitingApproval:
      p_.approvals.Void(execution, reason);
      return;
    case Phase::kQueued:
    case Phase::kPreparing:
      TakeBack(execution);
      p_.ends.NotStarted(execution, reason, message);
      return;
    case Phase::kStarting:
      execution.early_end = NotStartedOutcome(reason, message);
      return;
    case Phase::kRunning:
    case Phase::kEnding:
    case Phase::kEnded:
      return;
  }
}

void ExecutionFlow::TakeBack(const Execution& execution) {
  if (execution.phase == Phase::kQueued) {
    p_.queue.Remove(execution.agent(), execution.id());
    return;
  }
  ConnectedExecutor* executor = ExecutorOf(execution);
  if (executor == nullptr) return;
  if (execution.job_sent) {
    executor->channel->Send(CancelMessage(execution));
  } else {
    // It was not used.
    ++executor->credits;
  }
}

void ExecutionFlow::OnLinkLost(Execution& execution) {
  execution.assignment->link = 0;
  if (execution.phase == Phase::kPreparing) {
    Requeue(execution);
    Pump();
  } else if (execution.phase == Phase::kRunning) {
    execution.lost_deadline = p_.clock.Monotonic() + times_.lost;
  }
}

void ExecutionFlow::Adopt(Execution& execution) {
  const ExecutionRecord& record = execution.record;
  execution.phase = Phase::kRunning;
  execution.assignment = Assignment{0, record.execution.executor_id(),
                                    record.boot_nonce, record.fence};
  execution.grant = MintGrant(execution);
  execution.job_sent = true;
  p_.placement.OnAdopted(execution);
  execution.started_at = p_.clock.Monotonic();
  execution.lost_deadline = execution.started_at + times_.lost;
}

std::string ExecutionFlow::WhyNotNow(const Execution& execution) const {
  if (p_.freezer.IsFrozen(execution.agent())) return "FROZEN";
  const auto refusal = p_.start_check.CheckAgain(execution);
  return refusal.has_value() ? refusal->reason : "";
}

void ExecutionFlow::OnLinkBack(Execution& execution, LinkId link,
                               const airlock::internal::v1::HeldJob& held) {
  const bool started = held.started();
  execution.assignment->link = link;
  // Of an execution that was adopted the beginning is nowhere any more.
  execution.feed.BeginAt(held.stdout_kept_from(), held.stderr_kept_from());
  execution.lost_deadline.reset();
  ConnectedExecutor* executor = ExecutorOf(execution);
  executor->channel->Send(ResumeMessage(execution));
  const bool runs = execution.phase == Phase::kRunning;
  if (runs && !started && execution.cancel_reason.empty()) {
    execution.cancel_reason = WhyNotNow(execution);
    // What was told on the old stream may have been lost with it.
    if (execution.cancel_reason.empty()) SendGrant(execution, *executor);
  }
  execution.credit_told = 0;
  UpdateCredit(execution);
  const bool over = !runs && !execution.executor_ended;
  if (over || !execution.cancel_reason.empty()) SendCancel(execution);
}

void ExecutionFlow::OnNeverArrived(Execution& execution) {
  p_.ends.NotStarted(execution, "EXECUTOR_LOST",
                     "its executor was not reached, so it was not started");
}

void ExecutionFlow::OutcomeUnknown(Execution& execution,
                                   absl::string_view message) {
  Outcome outcome;
  outcome.set_ended_by(Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  outcome.set_reason("EXECUTOR_LOST");
  outcome.set_message(std::string(message));
  p_.ends.Finish(execution, std::move(outcome));
}

void ExecutionFlow::SendCancel(const Execution& execution) {
  ConnectedExecutor* executor = ExecutorOf(execution);
  if (executor != nullptr) executor->channel->Send(CancelMessage(execution));
}

void ExecutionFlow::OnFrozen() {
  std::vector<Execution*> back;
  p_.table.ForEach([&](Execution& execution) {
    if (execution.phase == Phase::kPreparing &&
        p_.freezer.IsFrozen(execution.agent())) {
      back.push_back(&execution);
    }
  });
  for (Execution* execution : back) {
    TakeBack(*execution);
    Requeue(*execution);
  }
}

void ExecutionFlow::RecordWaiting(Execution& execution) {
  Transaction transaction;
  Journal::Add(execution, transaction);
  p_.journal.Commit(std::move(transaction),
                    [this, id = execution.id()](const absl::Status& status) {
                      Execution* waiting = p_.table.Find(id);
                      if (!status.ok() && waiting != nullptr) {
                        Journal::TakeBack(*waiting);
                      }
                    });
}

void ExecutionFlow::Tick(Execution& execution) {
  const absl::Duration now = p_.clock.Monotonic();
  const bool waits =
      execution.phase == Phase::kQueued || execution.phase == Phase::kPreparing;
  // What starts at once is recorded then; only what has to wait is recorded
  // for the sake of a restart.
  if (waits && !execution.recorded &&
      now >= execution.accepted_at + times_.record_waiting) {
    RecordWaiting(execution);
  }
  if (execution.phase == Phase::kQueued &&
      p_.freezer.IsFrozen(execution.agent())) {
    // Nobody lets it start, so its time does not count.
    execution.queue_deadline = now + execution.queue_timeout;
  } else if (execution.phase == Phase::kQueued &&
             now >= execution.queue_deadline) {
    p_.queue.Remove(execution.agent(), execution.id());
    p_.ends.EndUnstarted(execution, PublicExecution::STATE_EXPIRED,
                         "QUEUE_TIMEOUT");
  } else if (execution.phase == Phase::kPreparing &&
             now >= execution.prepare_deadline) {
    SendCancel(execution);
    p_.ends.NotStarted(execution, "PREPARE_TIMEOUT",
                       "its sandbox could not be prepared in time");
  } else if (execution.phase == Phase::kRunning &&
             execution.lost_deadline.has_value() &&
             now >= *execution.lost_deadline) {
    OutcomeUnknown(execution,
                   "its executor was lost while it ran and did not come back");
  } else {
    p_.ends.Tick(execution);
  }
}

}  // namespace airlock::policy
