#include "services/policy/policy_metrics.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace airlock::policy {
namespace {

using airlock::v1::Decision;
using airlock::v1::Execution;
using airlock::v1::Outcome;

const prometheus::Histogram::BucketBoundaries kStartBuckets = {
    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
const prometheus::Histogram::BucketBoundaries kDurationBuckets = {
    .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

std::string Lower(absl::string_view name, absl::string_view prefix) {
  absl::ConsumePrefix(&name, prefix);
  return absl::AsciiStrToLower(name);
}

// How an execution ended, in one word: "exited", "denied", "queue_timeout".
std::string EndedBy(const Execution& execution) {
  if (execution.state() == Execution::STATE_FINISHED) {
    return Lower(Outcome::EndedBy_Name(execution.outcome().ended_by()),
                 "ENDED_BY_");
  }
  return Lower(Execution::State_Name(execution.state()), "STATE_");
}

}  // namespace

std::string ActionLabel(airlock::v1::ActionKind kind) {
  return Lower(airlock::v1::ActionKind_Name(kind), "ACTION_KIND_");
}

PolicyMetrics::PolicyMetrics(prometheus::Registry& registry)
    : decisions_(prometheus::BuildCounter()
                     .Name("airlock_policy_decisions_total")
                     .Help("Decisions, by action, effect and reason.")
                     .Register(registry)),
      executions_(prometheus::BuildCounter()
                      .Name("airlock_executions_total")
                      .Help("Executions that ended, by action, backend and how "
                            "they ended.")
                      .Register(registry)),
      durations_(prometheus::BuildHistogram()
                     .Name("airlock_execution_duration_seconds")
                     .Help("From acceptance to the final state.")
                     .Register(registry)),
      queue_seconds_(&prometheus::BuildHistogram()
                          .Name("airlock_execution_queue_seconds")
                          .Help("From acceptance to the executor that takes "
                                "the job; again for each requeue.")
                          .Register(registry)
                          .Add({}, kStartBuckets)),
      start_seconds_(&prometheus::BuildHistogram()
                          .Name("airlock_execution_start_seconds")
                          .Help("From acceptance to the grant: waiting for an "
                                "executor and for the sandbox.")
                          .Register(registry)
                          .Add({}, kStartBuckets)),
      requeued_(&prometheus::BuildCounter()
                     .Name("airlock_policy_requeued_total")
                     .Help("Jobs that went back to the queue unstarted.")
                     .Register(registry)
                     .Add({})),
      late_reports_(&prometheus::BuildCounter()
                         .Name("airlock_policy_late_reports_total")
                         .Help("Ends that were reported after they had been "
                               "decided otherwise.")
                         .Register(registry)
                         .Add({})),
      queued_(&prometheus::BuildGauge()
                   .Name("airlock_policy_queued_executions")
                   .Help("Executions that wait for an executor.")
                   .Register(registry)
                   .Add({})),
      live_(&prometheus::BuildGauge()
                 .Name("airlock_policy_live_executions")
                 .Help("Executions that have not ended.")
                 .Register(registry)
                 .Add({})),
      executors_connected_(&prometheus::BuildGauge()
                                .Name("airlock_policy_executors_connected")
                                .Help("Executors that are connected.")
                                .Register(registry)
                                .Add({})),
      slots_(&prometheus::BuildGauge()
                  .Name("airlock_policy_executor_slots")
                  .Help("Slots of the executors that are connected.")
                  .Register(registry)
                  .Add({})),
      cordoned_(&prometheus::BuildGauge()
                     .Name("airlock_policy_executors_cordoned")
                     .Help("Executors that operators cordoned or drain, "
                           "connected or not.")
                     .Register(registry)
                     .Add({})),
      open_sessions_(&prometheus::BuildGauge()
                          .Name("airlock_policy_open_sessions")
                          .Help("Sessions that can be used.")
                          .Register(registry)
                          .Add({})),
      sessions_ended_(prometheus::BuildCounter()
                          .Name("airlock_policy_sessions_ended_total")
                          .Help("Sessions that ended, by reason.")
                          .Register(registry)) {}

void PolicyMetrics::CountDecision(airlock::v1::ActionKind kind,
                                  const Decision& decision) {
  decisions_
      .Add({{"action", ActionLabel(kind)},
            {"effect",
             Lower(Decision::Effect_Name(decision.effect()), "EFFECT_")},
            {"reason", decision.reason()}})
      .Increment();
}

void PolicyMetrics::CountEnded(const Execution& execution,
                               absl::Duration lifetime) {
  executions_
      .Add({{"action", ActionLabel(execution.action_kind())},
            {"backend", execution.backend()},
            {"ended_by", EndedBy(execution)}})
      .Increment();
  durations_
      .Add({{"action", ActionLabel(execution.action_kind())},
            {"backend", execution.backend()}},
           kDurationBuckets)
      .Observe(absl::ToDoubleSeconds(lifetime));
}

void PolicyMetrics::ObserveQueue(absl::Duration since_accepted) {
  queue_seconds_->Observe(absl::ToDoubleSeconds(since_accepted));
}

void PolicyMetrics::ObserveStart(absl::Duration since_accepted) {
  start_seconds_->Observe(absl::ToDoubleSeconds(since_accepted));
}

void PolicyMetrics::SetQueued(std::size_t executions) {
  queued_->Set(static_cast<double>(executions));
}

void PolicyMetrics::SetLive(std::size_t executions) {
  live_->Set(static_cast<double>(executions));
}

void PolicyMetrics::CountSessionEnded(absl::string_view cause) {
  sessions_ended_.Add({{"reason", std::string(cause)}}).Increment();
}

void PolicyMetrics::SetOpenSessions(std::size_t sessions) {
  open_sessions_->Set(static_cast<double>(sessions));
}

void PolicyMetrics::SetExecutors(std::size_t connected, std::size_t slots) {
  executors_connected_->Set(static_cast<double>(connected));
  slots_->Set(static_cast<double>(slots));
}

void PolicyMetrics::SetCordoned(std::size_t executors) {
  cordoned_->Set(static_cast<double>(executors));
}

}  // namespace airlock::policy
