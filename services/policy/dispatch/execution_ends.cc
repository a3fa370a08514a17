#include "services/policy/dispatch/execution_ends.h"

#include <utility>

#include "common/logging/log.h"
#include "common/time/proto_time.h"
#include "services/policy/dispatch/job_messages.h"

namespace airlock::policy {
namespace {

using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

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
                                 absl::string_view reason) {
  PublicExecution& record = execution.record.execution;
  record.set_state(state);
  record.set_state_reason(std::string(reason));
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
  p_.store.Put(execution.record,
               [this, id = execution.id()](absl::Status status) {
                 p_.serializer.Submit([this, id, status] {
                   Execution* ended = p_.table.Find(id);
                   if (ended != nullptr) OnCommitted(*ended, status);
                 });
               });
}

void ExecutionEnds::OnCommitted(Execution& execution,
                                const absl::Status& status) {
  execution.end_failed = !status.ok();
  if (!status.ok()) {
    LogError("end could not be recorded, trying again",
             {{"execution_id", execution.id()}, {"error", status.ToString()}});
    return;
  }
  execution.phase = Phase::kEnded;
  Acknowledge(execution);
  p_.metrics.CountEnded(execution.record.execution,
                        p_.clock.Monotonic() - execution.accepted_at);
  execution.feed.Complete(execution.record.execution, p_.clock.Now());
  execution.input.Interrupt(ExecutionEndedError(execution.id()));
  // The kept record is enough from here on.
  execution.spec.clear();
  execution.spec.shrink_to_fit();
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
  execution.end_failed = false;
  Commit(execution);
}

}  // namespace airlock::policy
