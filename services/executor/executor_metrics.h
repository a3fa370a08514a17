// Every metric of an executor.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::executor {

// Thread-safe.
class ExecutorMetrics {
 public:
  // `registry` must outlive it.
  explicit ExecutorMetrics(prometheus::Registry& registry);

  // Executions it can hold at once.
  void SetSlots(std::size_t slots);
  // Jobs it holds, in any state.
  void SetHeld(std::size_t jobs);
  // Processes that run.
  void AddRunning(int change);
  // Whether the backend can be used.
  void SetBackendUp(bool up);
  // Streams to policy replicas that are open.
  void AddConnectedLinks(int change);

  // A job is over. `action` is the kind as the configuration writes it,
  // `ended_by` the word for what ended it.
  void CountExecution(absl::string_view action, absl::string_view backend,
                      absl::string_view ended_by,
                      const airlock::v1::Outcome& outcome);
  // Sandboxes it has, whatever for.
  void SetSandboxes(std::size_t sandboxes);
  // Sandboxes that wait, and how many shall.
  void SetWarm(std::size_t ready, std::size_t target);
  // A job got a sandbox that waited, or did not.
  void CountClaim(bool warm);
  // A sandbox that waited was given up. `why` is one of a few words.
  void CountWarmDiscard(absl::string_view why);
  // A sandbox that should have waited could not be made.
  void CountWarmFailure();
  // Whether a limit was found to hold. `check` is one of a few words.
  void SetEnforcement(absl::string_view check, bool ok);
  // A sandbox was asked for, and came or did not.
  void ObserveCreate(absl::Duration duration, bool ok);
  // From the grant to the process's start.
  void ObserveStart(absl::Duration duration);
  void CountRefusedGrant();
  void CountOutputBytes(std::size_t bytes);
  void CountRemovedLeftovers(int sandboxes);
  void CountDestroyFailure();
  void CountLostLease();
  void CountReconnect();
  // A connection to an SSH host came, went or failed. `event` is one of a few
  // words.
  void CountHostConnection(absl::string_view event);
  // An SSH host was made new. `reason` is one of a few words.
  void CountHostRotation(absl::string_view reason);
  // How long that took, or was tried.
  void ObserveHostRestore(absl::Duration duration);
  void CountHostRestoreFailure();
  // Whether no work is given to it because it could not be made new.
  void SetHostQuarantined(bool quarantined);

 private:
  prometheus::Gauge& slots_;
  prometheus::Gauge& held_;
  prometheus::Gauge& running_;
  prometheus::Gauge& backend_up_;
  prometheus::Gauge& connected_links_;
  prometheus::Gauge& sandboxes_;
  prometheus::Gauge& warm_ready_;
  prometheus::Gauge& warm_target_;
  prometheus::Family<prometheus::Counter>& claims_;
  prometheus::Family<prometheus::Counter>& warm_discards_;
  prometheus::Counter& warm_failures_;
  prometheus::Family<prometheus::Gauge>& enforcement_;
  prometheus::Family<prometheus::Counter>& executions_;
  prometheus::Family<prometheus::Counter>& limit_hits_;
  prometheus::Family<prometheus::Histogram>& create_seconds_;
  prometheus::Histogram& start_seconds_;
  prometheus::Histogram& process_seconds_;
  prometheus::Counter& refused_grants_;
  prometheus::Counter& output_bytes_;
  prometheus::Counter& leftovers_;
  prometheus::Counter& destroy_failures_;
  prometheus::Counter& lost_leases_;
  prometheus::Counter& reconnects_;
  prometheus::Family<prometheus::Counter>& host_connections_;
  prometheus::Family<prometheus::Counter>& host_rotations_;
  prometheus::Histogram& host_restore_seconds_;
  prometheus::Counter& host_restore_failures_;
  prometheus::Gauge& host_quarantined_;
};

}  // namespace airlock::executor
