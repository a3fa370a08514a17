#include "services/policy/policy_metrics.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Decision;
using airlock::v1::Execution;
using airlock::v1::Outcome;

const prometheus::Histogram::BucketBoundaries kStartBuckets = {
    .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
const prometheus::Histogram::BucketBoundaries kDurationBuckets = {
    .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

const prometheus::Histogram::BucketBoundaries kApprovalBuckets = {
    1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600};
const prometheus::Histogram::BucketBoundaries kCommitBuckets = {
    .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5};
const prometheus::Histogram::BucketBoundaries kGroupBuckets = {
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

constexpr std::array<absl::string_view, 4> kChannels = {"web", "telegram",
                                                        "slack", "discord"};

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

// A channel as a label; one that nobody knows makes no series of its own.
std::string ChannelLabel(absl::string_view channel) {
  const bool known =
      std::find(kChannels.begin(), kChannels.end(), channel) != kChannels.end();
  return known ? std::string(channel) : "other";
}

prometheus::Family<prometheus::Counter>& Counters(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& Histograms(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

prometheus::Gauge* AddGauge(prometheus::Registry& registry, const char* name,
                            const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(
      {});
}

}  // namespace

std::string ActionLabel(airlock::v1::ActionKind kind) {
  return Lower(airlock::v1::ActionKind_Name(kind), "ACTION_KIND_");
}

PolicyMetrics::PolicyMetrics(prometheus::Registry& registry)
    : decisions_(Counters(registry, "airlock_policy_decisions_total",
                          "Decisions, by action, effect and reason.")),
      executions_(Counters(registry, "airlock_executions_total",
                           "Executions that ended, by action, backend and how "
                           "they ended.")),
      durations_(Histograms(registry, "airlock_execution_duration_seconds",
                            "From acceptance to the final state.")),
      queue_seconds_(
          &Histograms(registry, "airlock_execution_queue_seconds",
                      "From acceptance to the executor that takes the job; "
                      "again for each requeue.")
               .Add({}, kStartBuckets)),
      start_seconds_(
          &Histograms(registry, "airlock_execution_start_seconds",
                      "From acceptance to the grant: waiting for an executor "
                      "and for the sandbox.")
               .Add({}, kStartBuckets)),
      requeued_(&Counters(registry, "airlock_policy_requeued_total",
                          "Jobs that went back to the queue unstarted.")
                     .Add({})),
      late_reports_(
          &Counters(registry, "airlock_policy_late_reports_total",
                    "Ends that were reported after they had been decided "
                    "otherwise.")
               .Add({})),
      queued_(AddGauge(registry, "airlock_policy_queued_executions",
                       "Executions that wait for an executor.")),
      live_(AddGauge(registry, "airlock_policy_live_executions",
                     "Executions that have not ended.")),
      executors_connected_(AddGauge(registry,
                                    "airlock_policy_executors_connected",
                                    "Executors that are connected.")),
      slots_(AddGauge(registry, "airlock_policy_executor_slots",
                      "Slots of the executors that are connected.")),
      cordoned_(AddGauge(registry, "airlock_policy_executors_cordoned",
                         "Executors that operators cordoned or drain, "
                         "connected or not.")),
      open_sessions_(AddGauge(registry, "airlock_policy_open_sessions",
                              "Sessions that can be used.")),
      sessions_ended_(Counters(registry, "airlock_policy_sessions_ended_total",
                               "Sessions that ended, by reason.")),
      approvals_pending_(AddGauge(registry, "airlock_approvals_pending",
                                  "Approvals that wait for an answer.")),
      oldest_pending_(AddGauge(registry,
                               "airlock_approval_oldest_pending_seconds",
                               "How long the oldest of them has waited; 0 if "
                               "there is none.")),
      approvals_(Counters(registry, "airlock_approvals_total",
                          "Approvals that reached a final state, by channel "
                          "and decision.")),
      approval_waits_(Histograms(registry, "airlock_approval_wait_seconds",
                                 "From the question to the final state.")),
      repeated_questions_(
          &Counters(registry, "airlock_approvals_repeated_total",
                    "Questions about an action that was asked about before.")
               .Add({})),
      standing_uses_(&Counters(registry, "airlock_standing_uses_total",
                               "Starts that a standing approval let through "
                               "without a question.")
                          .Add({})),
      standing_active_(AddGauge(registry, "airlock_standing_active",
                                "Standing approvals that hold.")),
      commit_seconds_(
          &Histograms(registry, "airlock_store_commit_seconds",
                      "Time to make one group of transactions durable.")
               .Add({}, kCommitBuckets)),
      commit_groups_(&Histograms(registry, "airlock_store_group_transactions",
                                 "Transactions that became durable together.")
                          .Add({}, kGroupBuckets)),
      store_failures_(&Counters(registry, "airlock_store_failures_total",
                                "Transactions that could not be made durable.")
                           .Add({})),
      audit_records_(Counters(registry, "airlock_audit_records_total",
                              "Audit records that are durable, by type.")),
      audit_failures_(
          &Counters(registry, "airlock_audit_failures_total",
                    "Audit records or checkpoints that could not be written.")
               .Add({})),
      audit_checkpoint_(AddGauge(
          registry, "airlock_audit_last_checkpoint_timestamp_seconds",
          "Unix time of the last signed checkpoint; 0 if there is none.")),
      reloads_(Counters(registry, "airlock_policy_reloads_total",
                        "Times the configuration was read again, by result.")),
      frozen_(AddGauge(registry, "airlock_policy_frozen",
                       "Freezes in force: of single agents and of all.")) {
  // There from the start, so that the first failure is seen as a rise.
  reloads_.Add({{"result", "ok"}});
  reloads_.Add({{"result", "refused"}});
}

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

void PolicyMetrics::SetApprovalsPending(std::size_t approvals,
                                        absl::Duration oldest_age) {
  approvals_pending_->Set(static_cast<double>(approvals));
  oldest_pending_->Set(approvals == 0 ? 0 : absl::ToDoubleSeconds(oldest_age));
}

void PolicyMetrics::CountApproval(absl::string_view channel,
                                  Approval::State decision,
                                  absl::Duration wait) {
  const prometheus::Labels labels = {
      {"channel", ChannelLabel(channel)},
      {"decision", Lower(Approval::State_Name(decision), "STATE_")}};
  approvals_.Add(labels).Increment();
  approval_waits_.Add(labels, kApprovalBuckets)
      .Observe(absl::ToDoubleSeconds(wait));
}

void PolicyMetrics::SetStandingActive(std::size_t permissions) {
  standing_active_->Set(static_cast<double>(permissions));
}

void PolicyMetrics::ObserveCommit(absl::Duration duration,
                                  std::size_t transactions) {
  commit_seconds_->Observe(absl::ToDoubleSeconds(duration));
  commit_groups_->Observe(static_cast<double>(transactions));
}

void PolicyMetrics::CountAuditRecord(airlock::v1::AuditEventType type) {
  audit_records_
      .Add({{"type", Lower(airlock::v1::AuditEventType_Name(type),
                           "AUDIT_EVENT_TYPE_")}})
      .Increment();
}

void PolicyMetrics::SetAuditCheckpoint(absl::Time time) {
  audit_checkpoint_->Set(absl::ToDoubleSeconds(time - absl::UnixEpoch()));
}

void PolicyMetrics::CountReload(bool ok) {
  reloads_.Add({{"result", ok ? "ok" : "refused"}}).Increment();
}

void PolicyMetrics::SetFrozen(std::size_t freezes) {
  frozen_->Set(static_cast<double>(freezes));
}

}  // namespace airlock::policy
