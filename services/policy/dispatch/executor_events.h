// What executors say, and what follows.
#pragma once

#include <memory>
#include <string>

#include "airlock/internal/v1/executor_link.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/execution_flow.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/executor_roster.h"
#include "services/policy/dispatch/input_flow.h"
#include "services/policy/dispatch/session_flow.h"
#include "services/policy/policy_metrics.h"

namespace airlock::policy {

// What executors are told about time.
struct LinkTimes {
  absl::Duration heartbeat = absl::Seconds(5);
  // Executors kill what runs after this long without contact. Shorter than
  // FlowTimes::lost by more than clocks differ in that time.
  absl::Duration lease = absl::Seconds(60);
};

// Applies the messages of executor links to executions. An unknown, stale or
// premature message never moves an execution. Not thread-safe: lives inside
// the dispatcher's serializer. All arguments must outlive it.
class ExecutorEvents {
 public:
  struct Parts {
    const Clock& clock;
    ExecutionTable& table;
    ExecutorPool& pool;
    ExecutorRoster& roster;
    ExecutionFlow& flow;
    InputFlow& input;
    SessionFlow& sessions;
    Journal& journal;
    PolicyMetrics& metrics;
    std::string policy_id;
  };
  ExecutorEvents(Parts parts, LinkTimes times)
      : p_(std::move(parts)), times_(times) {}

  // A message came on `link`. The first one must be a Hello. One that breaks
  // the protocol closes the channel with an error.
  void OnMessage(LinkId link, const std::shared_ptr<ExecutorChannel>& channel,
                 airlock::internal::v1::ConnectRequest message);

  // The stream is gone.
  void OnClosed(LinkId link);

  // Gives up links that have been silent for three heartbeats.
  void Tick();

 private:
  using Hello = airlock::internal::v1::Hello;

  void OnHello(LinkId link, const std::shared_ptr<ExecutorChannel>& channel,
               const Hello& hello);
  void Replace(const Hello& hello);
  void TakeBackJobs(LinkId link, const Hello& hello);
  void OnHeldJob(ConnectedExecutor& executor,
                 const airlock::internal::v1::HeldJob& held);
  // One about a job. Its parts may be taken away.
  void OnJobMessage(ConnectedExecutor& executor,
                    airlock::internal::v1::ConnectRequest& message);
  void OnStatus(ConnectedExecutor& executor,
                airlock::internal::v1::ExecutorStatus& status);
  void OnJobEnded(ConnectedExecutor& executor,
                  const airlock::internal::v1::JobEnded& ended);
  // The execution a message is about, if this executor has exactly this job.
  template <typename Message>
  Execution* JobOf(const ConnectedExecutor& executor, const Message& message);
  void UpdateMetrics();

  Parts p_;
  const LinkTimes times_;
};

}  // namespace airlock::policy
