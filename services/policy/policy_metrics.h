// Every metric of the policy service.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace airlock::policy {

// Thread-safe. `registry` must outlive this.
class PolicyMetrics {
 public:
  explicit PolicyMetrics(prometheus::Registry& registry);

  // The policy decided.
  void CountDecision(airlock::v1::ActionKind kind,
                     const airlock::v1::Decision& decision);
  // An execution reached a final state, `lifetime` after it was accepted.
  void CountEnded(const airlock::v1::Execution& execution,
                  absl::Duration lifetime);
  // A job was given to an executor, this long after it was accepted.
  void ObserveQueue(absl::Duration since_accepted);
  // A grant was sent, this long after the execution was accepted.
  void ObserveStart(absl::Duration since_accepted);
  // A job went back to the queue.
  void CountRequeued() { requeued_->Increment(); }
  // An executor reported an end that was decided otherwise already.
  void CountLateReport() { late_reports_->Increment(); }

  void SetQueued(std::size_t executions);
  void SetLive(std::size_t executions);
  // A session ended; `cause` is one of a few words.
  void CountSessionEnded(absl::string_view cause);
  void SetOpenSessions(std::size_t sessions);
  void SetExecutors(std::size_t connected, std::size_t slots);
  void SetCordoned(std::size_t executors);

 private:
  prometheus::Family<prometheus::Counter>& decisions_;
  prometheus::Family<prometheus::Counter>& executions_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Histogram* queue_seconds_;
  prometheus::Histogram* start_seconds_;
  prometheus::Counter* requeued_;
  prometheus::Counter* late_reports_;
  prometheus::Gauge* queued_;
  prometheus::Gauge* live_;
  prometheus::Gauge* executors_connected_;
  prometheus::Gauge* slots_;
  prometheus::Gauge* cordoned_;
  prometheus::Gauge* open_sessions_;
  prometheus::Family<prometheus::Counter>& sessions_ended_;
};

// The word of the configuration for a kind: "code_exec".
std::string ActionLabel(airlock::v1::ActionKind kind);

}  // namespace airlock::policy
