// The way of later input to the executor of an execution.
#pragma once

#include <optional>

#include "airlock/internal/v1/executor_link.pb.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/dispatch/executor_pool.h"

namespace airlock::policy {

// Sends what an execution's LaterInput takes, while its process runs and its
// executor is connected. Not thread-safe: lives inside the dispatcher's
// serializer. `pool` must outlive it.
class InputFlow {
 public:
  explicit InputFlow(ExecutorPool& pool) : pool_(pool) {}

  // A call brings input for an execution. It is answered when something of it
  // was taken, or when the execution ends.
  void Write(Execution& execution, InputWrite write);

  // What the executor said of a job with the present fence.
  void OnProcessStarted(Execution& execution);
  void OnCredit(Execution& execution,
                const airlock::internal::v1::InputCredit& credit);

  // The same boot of its executor is back and still holds the job: what was
  // under way may have been lost.
  void OnLinkBack(Execution& execution);

 private:
  void Advance(Execution& execution);
  static void Send(const Execution& execution, ConnectedExecutor& executor,
                   const std::optional<InputPiece>& piece);
  // The executor that runs it; null if none does or is connected.
  ConnectedExecutor* RunnerOf(const Execution& execution);

  ExecutorPool& pool_;
};

}  // namespace airlock::policy
