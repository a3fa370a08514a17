// Every metric of the policy service.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/audit.pb.h"
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

  // How many approvals wait, and how long the oldest of them has.
  void SetApprovalsPending(std::size_t approvals, absl::Duration oldest_age);
  // An approval of this channel reached a final state, `wait` after the
  // question.
  void CountApproval(absl::string_view channel,
                     airlock::v1::Approval::State decision,
                     absl::Duration wait);

  // A question is asked that had been asked before.
  void CountRepeatedQuestion() { repeated_questions_->Increment(); }
  // A start by a standing approval is on record.
  void CountStandingUse() { standing_uses_->Increment(); }
  void SetStandingActive(std::size_t permissions);

  // So many transactions became durable together, which took `duration`.
  void ObserveCommit(absl::Duration duration, std::size_t transactions);
  // A transaction could not be made durable.
  void CountStoreFailure() { store_failures_->Increment(); }

  // An audit record is durable.
  void CountAuditRecord(airlock::v1::AuditEventType type);
  // An audit record or a checkpoint could not be written.
  void CountAuditFailure() { audit_failures_->Increment(); }
  // A checkpoint was signed at `time`.
  void SetAuditCheckpoint(absl::Time time);

  // The configuration was read again; not `ok`: the old one stays.
  void CountReload(bool ok);
  // How many freezes are in force.
  void SetFrozen(std::size_t freezes);

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
  prometheus::Gauge* approvals_pending_;
  prometheus::Gauge* oldest_pending_;
  prometheus::Family<prometheus::Counter>& approvals_;
  prometheus::Family<prometheus::Histogram>& approval_waits_;
  prometheus::Counter* repeated_questions_;
  prometheus::Counter* standing_uses_;
  prometheus::Gauge* standing_active_;
  prometheus::Histogram* commit_seconds_;
  prometheus::Histogram* commit_groups_;
  prometheus::Counter* store_failures_;
  prometheus::Family<prometheus::Counter>& audit_records_;
  prometheus::Counter* audit_failures_;
  prometheus::Gauge* audit_checkpoint_;
  prometheus::Family<prometheus::Counter>& reloads_;
  prometheus::Gauge* frozen_;
};

// The word of the configuration for a kind: "code_exec".
std::string ActionLabel(airlock::v1::ActionKind kind);

}  // namespace airlock::policy
