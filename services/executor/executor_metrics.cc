#include "services/executor/executor_metrics.h"

#include "common/time/proto_time.h"

namespace airlock::executor {
namespace {

using prometheus::Histogram;

Histogram::BucketBoundaries CreateBuckets() {
  return {0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5, 20, 60, 300};
}
Histogram::BucketBoundaries StartBuckets() {
  return {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5};
}
Histogram::BucketBoundaries ProcessBuckets() {
  return {0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800};
}
Histogram::BucketBoundaries RestoreBuckets() {
  return {0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900};
}

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const char* name,
                            const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(
      {});
}

prometheus::Counter& AddCounter(prometheus::Registry& registry,
                                const char* name, const char* help) {
  return prometheus::BuildCounter()
      .Name(name)
      .Help(help)
      .Register(registry)
      .Add({});
}

const char* LimitName(int limit) {
  switch (limit) {
    case airlock::v1::LIMIT_HIT_PIDS:
      return "pids";
    case airlock::v1::LIMIT_HIT_DISK:
      return "disk";
    case airlock::v1::LIMIT_HIT_MEMORY:
      return "memory";
    default:
      return "cpu";
  }
}

}  // namespace

ExecutorMetrics::ExecutorMetrics(prometheus::Registry& registry)
    : slots_(AddGauge(registry, "airlock_executor_slots",
                      "Executions it can hold at once.")),
      held_(AddGauge(registry, "airlock_executor_held_jobs",
                     "Jobs it holds, from receipt until nothing is left.")),
      running_(AddGauge(registry, "airlock_executor_running",
                        "Processes that run in sandboxes.")),
      backend_up_(AddGauge(registry, "airlock_executor_backend_up",
                           "1 if the backend can be used.")),
      connected_links_(AddGauge(registry, "airlock_executor_links_connected",
                                "Policy replicas it is connected to.")),
      sandboxes_(AddGauge(registry, "airlock_executor_sandboxes",
                          "Sandboxes it has, makes or removes.")),
      warm_ready_(AddGauge(registry, "airlock_executor_warm_sandboxes",
                           "Sandboxes that wait for work.")),
      warm_target_(AddGauge(registry, "airlock_executor_warm_target",
                            "Sandboxes that shall wait.")),
      claims_(prometheus::BuildCounter()
                  .Name("airlock_executor_warm_claims_total")
                  .Help("Jobs that needed a sandbox, by whether one waited.")
                  .Register(registry)),
      warm_discards_(prometheus::BuildCounter()
                         .Name("airlock_executor_warm_discards_total")
                         .Help("Sandboxes that waited and were given up.")
                         .Register(registry)),
      warm_failures_(AddCounter(
          registry, "airlock_executor_warm_failures_total",
          "Sandboxes that should have waited and could not be made.")),
      enforcement_(prometheus::BuildGauge()
                       .Name("airlock_executor_enforcement_ok")
                       .Help("1 if a limit was found to hold, by limit.")
                       .Register(registry)),
      executions_(prometheus::BuildCounter()
                      .Name("airlock_executor_executions_total")
                      .Help("Jobs that are over, by how they ended.")
                      .Register(registry)),
      limit_hits_(prometheus::BuildCounter()
                      .Name("airlock_executor_limit_hits_total")
                      .Help("Executions that met a limit of their sandbox.")
                      .Register(registry)),
      create_seconds_(prometheus::BuildHistogram()
                          .Name("airlock_executor_sandbox_create_seconds")
                          .Help("Time to make a sandbox, pulling included.")
                          .Register(registry)),
      start_seconds_(prometheus::BuildHistogram()
                         .Name("airlock_executor_process_start_seconds")
                         .Help("From a grant to the start of its process.")
                         .Register(registry)
                         .Add({}, StartBuckets())),
      process_seconds_(prometheus::BuildHistogram()
                           .Name("airlock_executor_process_seconds")
                           .Help("From the start of a process to its end.")
                           .Register(registry)
                           .Add({}, ProcessBuckets())),
      refused_grants_(AddCounter(registry,
                                 "airlock_executor_grants_refused_total",
                                 "Grants that did not permit a start.")),
      output_bytes_(AddCounter(registry, "airlock_executor_output_bytes_total",
                               "Bytes that processes wrote.")),
      leftovers_(AddCounter(registry,
                            "airlock_executor_leftovers_removed_total",
                            "Sandboxes of older boots that were removed.")),
      destroy_failures_(
          AddCounter(registry, "airlock_executor_destroy_failures_total",
                     "Attempts to remove a sandbox that failed.")),
      lost_leases_(AddCounter(registry, "airlock_executor_lost_leases_total",
                              "Jobs ended because no policy was in contact.")),
      reconnects_(AddCounter(registry,
                             "airlock_executor_link_disconnects_total",
                             "Streams to policy replicas that broke.")),
      host_connections_(
          prometheus::BuildCounter()
              .Name("airlock_executor_host_connections_total")
              .Help("Connections to an SSH host, by what became of them.")
              .Register(registry)),
      host_rotations_(prometheus::BuildCounter()
                          .Name("airlock_executor_host_rotations_total")
                          .Help("Times an SSH host was made new, by reason.")
                          .Register(registry)),
      host_restore_seconds_(prometheus::BuildHistogram()
                                .Name("airlock_executor_host_restore_seconds")
                                .Help("Time to make an SSH host new.")
                                .Register(registry)
                                .Add({}, RestoreBuckets())),
      host_restore_failures_(
          AddCounter(registry, "airlock_executor_host_restore_failures_total",
                     "Times an SSH host could not be made new.")),
      host_quarantined_(AddGauge(
          registry, "airlock_executor_host_quarantined",
          "1 while an SSH host that could not be made new gets no work.")) {}

void ExecutorMetrics::SetSlots(std::size_t slots) {
  slots_.Set(static_cast<double>(slots));
}
void ExecutorMetrics::SetHeld(std::size_t jobs) {
  held_.Set(static_cast<double>(jobs));
}
void ExecutorMetrics::AddRunning(int change) { running_.Increment(change); }
void ExecutorMetrics::SetBackendUp(bool up) { backend_up_.Set(up ? 1 : 0); }
void ExecutorMetrics::AddConnectedLinks(int change) {
  connected_links_.Increment(change);
}

void ExecutorMetrics::CountExecution(absl::string_view action,
                                     absl::string_view backend,
                                     absl::string_view ended_by,
                                     const airlock::v1::Outcome& outcome) {
  executions_
      .Add({{"action", std::string(action)},
            {"backend", std::string(backend)},
            {"ended_by", std::string(ended_by)}})
      .Increment();
  for (const int limit : outcome.limits_hit()) {
    limit_hits_.Add({{"limit", LimitName(limit)}}).Increment();
  }
  if (outcome.ended_by() != airlock::v1::Outcome::ENDED_BY_NOT_STARTED) {
    process_seconds_.Observe(
        absl::ToDoubleSeconds(FromProto(outcome.usage().wall_time())));
  }
}

void ExecutorMetrics::SetSandboxes(std::size_t sandboxes) {
  sandboxes_.Set(static_cast<double>(sandboxes));
}
void ExecutorMetrics::SetWarm(std::size_t ready, std::size_t target) {
  warm_ready_.Set(static_cast<double>(ready));
  warm_target_.Set(static_cast<double>(target));
}
void ExecutorMetrics::CountClaim(bool warm) {
  claims_.Add({{"result", warm ? "warm" : "cold"}}).Increment();
}
void ExecutorMetrics::CountWarmDiscard(absl::string_view why) {
  warm_discards_.Add({{"reason", std::string(why)}}).Increment();
}
void ExecutorMetrics::SetEnforcement(absl::string_view check, bool ok) {
  enforcement_.Add({{"check", std::string(check)}}).Set(ok ? 1 : 0);
}
void ExecutorMetrics::CountWarmFailure() { warm_failures_.Increment(); }

void ExecutorMetrics::ObserveCreate(absl::Duration duration, bool ok) {
  create_seconds_.Add({{"ok", ok ? "true" : "false"}}, CreateBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
}
void ExecutorMetrics::ObserveStart(absl::Duration duration) {
  start_seconds_.Observe(absl::ToDoubleSeconds(duration));
}
void ExecutorMetrics::CountRefusedGrant() { refused_grants_.Increment(); }
void ExecutorMetrics::CountOutputBytes(std::size_t bytes) {
  output_bytes_.Increment(static_cast<double>(bytes));
}
void ExecutorMetrics::CountRemovedLeftovers(int sandboxes) {
  leftovers_.Increment(sandboxes);
}
void ExecutorMetrics::CountDestroyFailure() { destroy_failures_.Increment(); }
void ExecutorMetrics::CountLostLease() { lost_leases_.Increment(); }
void ExecutorMetrics::CountReconnect() { reconnects_.Increment(); }
void ExecutorMetrics::CountHostConnection(absl::string_view event) {
  host_connections_.Add({{"event", std::string(event)}}).Increment();
}
void ExecutorMetrics::CountHostRotation(absl::string_view reason) {
  host_rotations_.Add({{"reason", std::string(reason)}}).Increment();
}
void ExecutorMetrics::ObserveHostRestore(absl::Duration duration) {
  host_restore_seconds_.Observe(absl::ToDoubleSeconds(duration));
}
void ExecutorMetrics::CountHostRestoreFailure() {
  host_restore_failures_.Increment();
}
void ExecutorMetrics::SetHostQuarantined(bool quarantined) {
  host_quarantined_.Set(quarantined ? 1 : 0);
}

}  // namespace airlock::executor
