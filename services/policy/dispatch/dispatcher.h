// The heart of the policy service: every execution and every executor.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/concurrency/serializer.h"
#include "common/security/authenticator.h"
#include "services/policy/dispatch/approval_calls.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/approval_watchers.h"
#include "services/policy/dispatch/execution_flow.h"
#include "services/policy/dispatch/execution_intake.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_events.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/executor_roster.h"
#include "services/policy/dispatch/fair_queue.h"
#include "services/policy/dispatch/freezer.h"
#include "services/policy/dispatch/input_flow.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/dispatch/question_opener.h"
#include "services/policy/dispatch/recovery.h"
#include "services/policy/dispatch/session_calls.h"
#include "services/policy/dispatch/session_flow.h"
#include "services/policy/dispatch/session_opener.h"
#include "services/policy/dispatch/standing_calls.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/dispatch/start_check.h"
#include "services/policy/dispatch/waiting_list.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Bounds and times of a Dispatcher.
struct DispatchLimits {
  QueueLimits queue;
  // Kept output of each execution.
  std::size_t kept_output_bytes = 1024 * 1024;
  // Ended executions whose output can still be read, and how much output of
  // theirs in all.
  std::size_t max_ended = 1024;
  std::size_t max_ended_output_bytes = 64 * 1024 * 1024;
  FlowTimes flow;
  LinkTimes link;
  RosterLimits roster;
  SessionLimits sessions;
  // Told at once of what waits.
  std::size_t max_waiting_told = 1000;
  // Questions of all agents that may be open at once.
  std::size_t max_pending_approvals = 10'000;
  StandingLimits standing;
  QuestionMemoryLimits questions;
  // Changes of approvals that may wait for one slow watcher.
  std::size_t max_watcher_behind = 20'000;
};

// Thread-safe: every call is applied inside one serializer, one after another.
// Nothing blocks. All arguments must outlive it, except that the store may go
// after Close(), and nothing may be called during or after destruction.
class Dispatcher {
 public:
  struct Parts {
    const Clock& clock;
    const PolicySource& policy;
    Store& store;
    const GrantMinter& minter;
    PolicyMetrics& metrics;
    // Told to executors.
    std::string policy_id;
    // For the audit.
    std::string program_version;
  };
  Dispatcher(Parts parts, const DispatchLimits& limits);

  // Takes up what the store remembers of the service before this one. Once,
  // before anything else.
  void TakeUp(LiveState state);

  // For clients. A watcher is named before it is used, so that its stream can
  // report what happens to it.
  WatcherId NewWatcher() { return next_watcher_++; }
  // `request` must be valid. Events and errors go to `sink`.
  void Execute(WatcherId watcher, const Principal& principal,
               airlock::v1::ExecuteRequest request,
               std::shared_ptr<EventSink> sink);
  void Watch(WatcherId watcher, const Principal& principal,
             const airlock::v1::WatchExecutionRequest& request,
             std::shared_ptr<EventSink> sink);
  // The event under way to the watcher was written.
  void Written(WatcherId watcher);
  // The watcher's stream has ended, for whatever reason.
  void Gone(WatcherId watcher);

  using ExecutionDone =
      std::function<void(absl::StatusOr<airlock::v1::Execution>)>;
  // With its spec, unless that is in the store alone. `done` must be quick.
  using RecordDone = std::function<void(absl::StatusOr<ExecutionRecord>)>;
  void Get(const Principal& principal, std::string id, RecordDone done);
  // Tells the execution as it stood when it was asked to end; one that has not
  // started only when its end is recorded. UNAVAILABLE: that could not be done
  // yet, and is tried again.
  void Cancel(const Principal& principal, std::string id, ExecutionDone done);
  void List(const Principal& principal,
            const airlock::v1::ListExecutionsRequest& request,
            Store::ListDone done);

  using WaitingDone = std::function<void(
      absl::StatusOr<airlock::v1::ListWaitingExecutionsResponse>)>;
  void ListWaiting(const Principal& principal, const std::string& agent,
                   WaitingDone done);

  // A write is named before it is used, so that its call can be given up. Its
  // answer comes as LaterInput says; NOT_FOUND for another agent's execution.
  WriteId NewWrite() { return next_write_++; }
  void WriteStdin(const Principal& principal, std::string id, InputWrite write);
  void AbandonWrite(std::string id, WriteId write);

  // For operators.
  using ExecutorsDone = std::function<void(airlock::v1::ListExecutorsResponse)>;
  void ListExecutors(ExecutorsDone done);
  // As ExecutorRoster::SetOrder.
  using ExecutorDone =
      std::function<void(absl::StatusOr<airlock::v1::Executor>)>;
  void SetExecutorOrder(std::string id, ExecutorOrder order, ExecutorDone done);
  // For clients of sessions and of approvals.
  SessionCalls& sessions() { return session_calls_; }
  ApprovalCalls& approvals() { return approval_calls_; }
  StandingCalls& standing() { return standing_calls_; }

  // For operators: stops starts, and with `kill` what runs, or lets them go on.
  using FreezeDone =
      std::function<void(absl::StatusOr<airlock::v1::FreezeResponse>)>;
  void Freeze(const Principal& principal,
              const airlock::v1::FreezeRequest& request, FreezeDone done);
  using ThawDone =
      std::function<void(absl::StatusOr<airlock::v1::ThawResponse>)>;
  void Thaw(const Principal& principal, const airlock::v1::ThawRequest& request,
            ThawDone done);
  using FreezesDone =
      std::function<void(std::vector<airlock::v1::FreezeState>)>;
  void ListFreezes(FreezesDone done);

  // Writes one more record into the audit. Nobody waits for it.
  void Record(AuditEntry entry);

  // For executors.
  LinkId NewLink() { return next_link_++; }
  void OnMessage(LinkId link, std::shared_ptr<ExecutorChannel> channel,
                 airlock::internal::v1::ConnectRequest message);
  void OnLinkClosed(LinkId link);

  // Applies what time has done. Called about ten times a second.
  void Tick();

  // Refuses new executions from now on.
  void BeginDrain();
  // How many executions are on their way to an executor or run, as of the last
  // Tick(). Questions are none of them: the store keeps those.
  std::size_t live() const { return live_; }
  // Ends every stream, and every call that waits, with UNAVAILABLE.
  void AbortStreams();
  // The last call, before the store goes: nothing is written from now on.
  void Close();

 private:
  // NOT_FOUND for what does not exist and for what is another agent's.
  void Find(const Principal& principal, const std::string& id,
            std::function<void(absl::StatusOr<ExecutionRecord>)> done);
  void MergeLive(const ExecutionQuery& query, ExecutionPage& page);
  // Ends what runs or is about to. How many.
  std::uint32_t KillFrozen(const std::string& agent, const std::string& actor);
  void CancelKnown(const ExecutionRecord& record, const std::string& actor,
                   const ExecutionDone& done);

  const Clock& clock_;
  Store& store_;
  PolicyMetrics& metrics_;
  ExecutionTable table_;
  FairQueue queue_;
  ExecutorPool pool_;
  SessionTable sessions_;
  Placement placement_;
  ExecutorRoster roster_;
  std::atomic<WatcherId> next_watcher_ = 1;
  std::atomic<WriteId> next_write_ = 1;
  std::atomic<LinkId> next_link_ = 1;
  std::atomic<std::size_t> live_ = 0;
  Serializer serializer_;
  Journal journal_;
  Freezer freezer_;
  StandingFlow standing_;
  QuestionMemory question_memory_;
  StartCheck start_check_;
  WaitingList waiting_;
  ExecutionEnds ends_;
  ApprovalWatchers approval_watchers_;
  ApprovalFlow approvals_;
  QuestionOpener question_opener_;
  ExecutionFlow flow_;
  InputFlow input_;
  SessionFlow session_flow_;
  SessionOpener session_opener_;
  SessionCalls session_calls_;
  ExecutorEvents events_;
  ExecutionIntake intake_;
  TargetReader target_reader_;
  ApprovalCalls approval_calls_;
  StandingCalls standing_calls_;
  Recovery recovery_;
};

}  // namespace airlock::policy
