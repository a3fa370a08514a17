// The executors as operators see them, and what operators ordered of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/executor.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/policy_metrics.h"

namespace airlock::policy {

// Bounds of an ExecutorRoster.
struct RosterLimits {
  // Executors that are gone are told of for this long, the newest of them.
  absl::Duration remember = absl::Minutes(10);
  std::size_t max_gone = 256;
  // Executors under an order at once. They are remembered while they are gone,
  // whatever the other bounds: forgetting one would give it work again.
  std::size_t max_ordered = 1024;
};

// Remembers who was connected, and holds cordons and drains by executor id, so
// that they outlive a link and a boot of the executor. Not thread-safe: lives
// inside the dispatcher's serializer. All arguments must outlive it.
class ExecutorRoster {
 public:
  struct Parts {
    const Clock& clock;
    ExecutionTable& table;
    ExecutorPool& pool;
    PolicyMetrics& metrics;
  };
  ExecutorRoster(Parts parts, RosterLimits limits)
      : p_(parts), limits_(limits) {}

  // Before an executor is added to the pool: puts it under its order.
  void OnConnected(ConnectedExecutor& executor);
  // Before it is removed from the pool.
  void OnDisconnected(const ConnectedExecutor& executor);

  // All that are connected or remembered, by id.
  airlock::v1::ListExecutorsResponse List();

  // Changes what holds for an executor and tells it as it stands then. kNone
  // ends every order; kCordon leaves a drain as it is. NOT_FOUND for one that
  // is neither connected nor remembered; RESOURCE_EXHAUSTED if too many are
  // under an order.
  absl::StatusOr<airlock::v1::Executor> SetOrder(absl::string_view id,
                                                 ExecutorOrder order);

  // Forgets who is gone for too long.
  void Tick();

 private:
  struct Gone {
    airlock::v1::Executor executor;
    // On the monotonic clock.
    absl::Duration since;
  };
  using Running = absl::flat_hash_map<std::string, std::uint32_t>;

  // How many executions each executor has, by its id.
  Running CountRunning();
  ExecutorOrder OrderOf(absl::string_view id) const;
  void ForgetTooMany();

  Parts p_;
  const RosterLimits limits_;
  std::map<std::string, Gone, std::less<>> gone_;
  // Of executors under one.
  std::map<std::string, ExecutorOrder, std::less<>> orders_;
};

}  // namespace airlock::policy
