// The way of an execution from the queue to its end.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/execution_ends.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/fair_queue.h"
#include "services/policy/dispatch/freezer.h"
#include "services/policy/dispatch/grant_minter.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/dispatch/question_opener.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/dispatch/start_check.h"
#include "services/policy/policy_metrics.h"

namespace airlock::policy {

// How long things may take.
struct FlowTimes {
  // An executor that cannot prepare a sandbox for this long loses the job.
  absl::Duration prepare = absl::Minutes(15);
  // Without a word of a started job for this long its outcome is unknown. Must
  // be longer than the lease after which an executor kills what runs.
  absl::Duration lost = absl::Seconds(70);
  // What waits for longer than this is recorded, so that a restart keeps it.
  absl::Duration record_waiting = absl::Milliseconds(100);
};

// Moves executions from phase to phase:
//
//   kQueued -> kPreparing -> kStarting -> kRunning -> kEnding -> kEnded
//
// What awaits approval is the ApprovalFlow's until it is queued.
// kPreparing is left out where a sandbox is there already: in a session in
// which something ran. Then the job and its grant are sent together.
//
// A Grant is sent only after START is committed, and once per execution; a
// final state is told only after END is committed. Whatever goes wrong before
// the Grant leads back to the queue or to an end that says that nothing was
// started; after it, to what the executor says or to `outcome_unknown`.
//
// Not thread-safe: lives inside the dispatcher's serializer. All must outlive
// it.
class ExecutionFlow {
 public:
  struct Parts {
    const Clock& clock;
    Journal& journal;
    ExecutionTable& table;
    FairQueue& queue;
    ExecutorPool& pool;
    Placement& placement;
    const GrantMinter& minter;
    const StartCheck& start_check;
    const Freezer& freezer;
    ExecutionEnds& ends;
    ApprovalFlow& approvals;
    StandingFlow& standing;
    QuestionOpener& questions;
    PolicyMetrics& metrics;
  };
  ExecutionFlow(Parts parts, FlowTimes times) : p_(parts), times_(times) {}

  // An allowed execution begins to wait.
  void Enqueue(Execution& execution);

  // Gives waiting executions to executors that can take them.
  void Pump();

  // Somebody wants it to end: `actor`, or, if that is empty, the service. The
  // first `reason` counts.
  void Cancel(Execution& execution, absl::string_view reason,
              absl::string_view actor = "");

  // Its session was lost: what has not started never will, and what runs is the
  // executor's to tell of.
  void OnSessionLost(Execution& execution);

  // What the executor said of a job with the present fence.
  void OnReady(Execution& execution, const std::string& image_id);
  void OnProgress(Execution& execution,
                  const airlock::v1::PrepareProgress& progress);
  void OnOutput(Execution& execution, airlock::v1::OutputChunk chunk);
  // Others may go on afterwards: Pump() is the caller's to call.
  void OnJobEnded(Execution& execution,
                  const airlock::internal::v1::JobEnded& ended);

  // It ran when the service before this one ended: its executor may come back
  // with it.
  void Adopt(Execution& execution);

  // Its executor is not connected any more.
  void OnLinkLost(Execution& execution);

  // The same boot of its executor is back and still holds the job. One that was
  // not started never got its grant, and gets it again if it may still start;
  // else the executor is told to end it, and says that it was not started. One
  // that is over here is to end there too.
  void OnLinkBack(Execution& execution, LinkId link,
                  const airlock::internal::v1::HeldJob& held);

  // The same boot of its executor is back and does not hold the job: it never
  // got it, because it holds what it got until the end is recorded.
  void OnNeverArrived(Execution& execution);

  // Its executor cannot tell any more how it ended.
  void OutcomeUnknown(Execution& execution, absl::string_view message);

  // Tells the executor how much output may come, if that is news.
  void UpdateCredit(Execution& execution);

  // Applies what time has done.
  void Tick(Execution& execution);

  // Somebody stopped starts: what is being prepared waits again.
  void OnFrozen();

 private:
  void Assign(Execution& execution, ConnectedExecutor& executor);
  void Requeue(Execution& execution);
  void OnStartCommitted(Execution& execution, const absl::Status& status);
  // It had a START, and something came between that and its process.
  void EndCommitted(Execution& execution, const absl::Status& status);
  void CommitStart(Execution& execution);
  void Start(Execution& execution, ConnectedExecutor& executor);
  // It ends, or asks a human. The reference may end.
  void Refuse(Execution& execution, const StartRefusal& refusal);
  void RecordWaiting(Execution& execution);
  void SendJob(Execution& execution, ConnectedExecutor& executor);
  // Why what has a START but no process must not have one any more. Empty: it
  // may start.
  std::string WhyNotNow(const Execution& execution) const;
  void SendGrant(const Execution& execution, ConnectedExecutor& executor);
  void SendJobWithGrant(Execution& execution, ConnectedExecutor& executor);
  airlock::internal::v1::Grant MintGrant(const Execution& execution);
  // From the queue, or from the executor that was to start it.
  void TakeBack(const Execution& execution);
  void SendCancel(const Execution& execution);
  // The executor that has the job; null if it is not connected.
  ConnectedExecutor* ExecutorOf(const Execution& execution);

  Parts p_;
  const FlowTimes times_;
};

}  // namespace airlock::policy
