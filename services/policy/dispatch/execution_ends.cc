#include "services/policy/dispatch/execution_ends.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/job_messages.h"
#include "services/policy/dispatch/output_record.h"

namespace airlock::policy {
namespace {

using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

// Who ended it; empty: it was nobody's wish.
std::string ActorOf(const Execution& execution) {
  const PublicExecution& record = execution.record.execution;
  const bool cancelled =
      record.state() == PublicExecution::STATE_CANCELLED ||
      record.outcome().ended_by() == Outcome::ENDED_BY_CANCELLED;
  return cancelled ? execution.cancel_actor : "";
}

// Whoever is told may ask for more: they are not told twice.
void TellWaiters(Execution& execution, const absl::Status& status) {
  const auto waiters = std::exchange(execution.end_waiters, {});
  for (const auto& waiter : waiters) waiter(status);
}

}  // namespace

Outcome NotStartedOutcome(absl::string_view reason, absl::string_view message) {
  Outcome outcome;
  outcome.set_ended_by(Outcome::ENDED_BY_NOT_STARTED);
  outcome.set_reason(std::string(reason));
  outcome.set_message(std::string(message));
  return outcome;
}

void ExecutionEnds::NotStarted(Execution& execution, absl::string_view reason,
                               absl::string_view message) {
  Finish(execution, NotStartedOutcome(reason, message));
}

void ExecutionEnds::Finish(Execution& execution, Outcome outcome) {
  PublicExecution& record = execution.record.execution;
  record.set_state(PublicExecution::STATE_FINISHED);
  record.set_state_reason(outcome.reason());
  *record.mutable_outcome() = std::move(outcome);
  Commit(execution);
}

void ExecutionEnds::EndUnstarted(Execution& execution,
                                 PublicExecution::State state,
                                 absl::string_view reason,
                                 absl::string_view message) {
  PublicExecution& record = execution.record.execution;
  record.set_state(state);
  record.set_state_reason(std::string(reason));
  record.set_state_message(std::string(message));
  Commit(execution);
}

void ExecutionEnds::Commit(Execution& execution) {
  execution.phase = Phase::kEnding;
  execution.lost_deadline.reset();
  PublicExecution& record = execution.record.execution;
  if (!record.has_end_time()) {
    *record.mutable_end_time() = ToProto(p_.clock.Now());
  }
  p_.placement.OnEnded(execution);
  const bool first = !execution.recorded;
  Transaction transaction;
  Journal::Add(execution, transaction);
  ExecutionRecord& put = transaction.executions.back();
  if (record.has_start_time())
    put.output = OutputToStore(execution.feed.output());
  transaction.audit.push_back(
      EndEntry(record, put.output.has_value() ? &*put.output : nullptr,
               ActorOf(execution)));
  p_.journal.Commit(std::move(transaction), [this, first, id = execution.id()](
                                                const absl::Status& status) {
    Execution* ended = p_.table.Find(id);
    if (ended == nullptr) return;
    if (!status.ok() && first) Journal::TakeBack(*ended);
    OnCommitted(*ended, status);
  });
}

void ExecutionEnds::OnCommitted(Execution& execution,
                                const absl::Status& status) {
  execution.end_failed = !status.ok();
  if (status.ok()) {
    Complete(execution);
    return;
  }
  LogError("end could not be recorded, trying again",
           {{"execution_id", execution.id()}, {"error", status.ToString()}});
  TellNotRecorded(execution, status);
}

void ExecutionEnds::TellNotRecorded(Execution& execution,
                                    const absl::Status& status) {
  TellWaiters(
      execution,
      WithRetryDelay(
          MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                    absl::StrCat("its end could not be recorded yet, which is "
                                 "tried again: ",
                                 status.message())),
          absl::Seconds(1)));
}

void ExecutionEnds::Recorded(Execution& execution) {
  p_.placement.OnEnded(execution);
  Complete(execution);
}

void ExecutionEnds::Forget(Execution& execution, const absl::Status& status) {
  p_.placement.OnEnded(execution);
  TellWaiters(execution, status);
  execution.feed.Abort(status);
  p_.table.Remove(execution);
}

void ExecutionEnds::Complete(Execution& execution) {
  execution.phase = Phase::kEnded;
  p_.metrics.CountEnded(execution.record.execution,
                        p_.clock.Monotonic() - execution.accepted_at);
  execution.feed.Complete(execution.record.execution, p_.clock.Now());
  // Nobody waits for it.
  Acknowledge(execution);
  execution.input.Interrupt(ExecutionEndedError(execution.id()));
  // The kept record is enough from here on.
  execution.spec.clear();
  execution.spec.shrink_to_fit();
  execution.request_entry.reset();
  TellWaiters(execution, absl::OkStatus());
  p_.table.MarkEnded(execution);
  p_.table.DropOldest();
}

void ExecutionEnds::Acknowledge(const Execution& execution) {
  if (!execution.executor_ended || !execution.assignment.has_value()) return;
  ConnectedExecutor* executor = p_.pool.Find(execution.assignment->link);
  if (executor == nullptr) return;
  executor->channel->Send(EndAckMessage(execution));
}

void ExecutionEnds::Tick(Execution& execution) {
  if (execution.phase != Phase::kEnding || !execution.end_failed) return;
  if (!p_.journal.CheckWritable().ok()) return;
  execution.end_failed = false;
  Commit(execution);
}

}  // namespace airlock::policy
