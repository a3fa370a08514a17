// What waits, and why.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/fair_queue.h"
#include "services/policy/dispatch/freezer.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Explains every execution that has not started. Costs one walk over what is
// in memory. Not thread-safe: lives inside the dispatcher's serializer. All
// arguments must outlive it.
class WaitingList {
 public:
  struct Parts {
    const Clock& clock;
    ExecutionTable& table;
    const FairQueue& queue;
    ExecutorPool& pool;
    const SessionTable& sessions;
    Placement& placement;
    const Freezer& freezer;
  };
  // Tells the first `max_told` executions, and how many there are behind them.
  WaitingList(Parts parts, std::size_t max_told)
      : p_(parts), max_told_(max_told) {}

  // Those of `agent`, or of everybody if it is empty, in the order in which
  // they would be given to executors.
  airlock::v1::ListWaitingExecutionsResponse List(const std::string& agent);

 private:
  Parts p_;
  const std::size_t max_told_;
};

}  // namespace airlock::policy
