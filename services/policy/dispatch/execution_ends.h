// How executions end.
#pragma once

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/policy_metrics.h"

namespace airlock::policy {

// An outcome that says that nothing was started.
airlock::v1::Outcome NotStartedOutcome(absl::string_view reason,
                                       absl::string_view message);

// Records ends, and tells them only when they are recorded: kEnding, then
// kEnded. What could not be recorded is tried again at Tick().
//
// Not thread-safe: lives inside the dispatcher's serializer. All must outlive
// it.
class ExecutionEnds {
 public:
  struct Parts {
    const Clock& clock;
    Journal& journal;
    ExecutionTable& table;
    ExecutorPool& pool;
    Placement& placement;
    PolicyMetrics& metrics;
  };
  explicit ExecutionEnds(Parts parts) : p_(parts) {}

  // It is over, and this is how.
  void Finish(Execution& execution, airlock::v1::Outcome outcome);

  // It was to be started, and was not.
  void NotStarted(Execution& execution, absl::string_view reason,
                  absl::string_view message);

  // It never waited, or was never to be started: any other final state.
  void EndUnstarted(Execution& execution, airlock::v1::Execution::State state,
                    absl::string_view reason, absl::string_view message = "");

  // Its end is in its record, and was recorded together with something else.
  void Recorded(Execution& execution);

  // It could not be recorded that it exists: its watchers get `status`, and
  // nothing of it is left. The reference ends here.
  void Forget(Execution& execution, const absl::Status& status);

  // Tells those who wait for its end that it could not be recorded this time.
  static void TellNotRecorded(Execution& execution, const absl::Status& status);

  // Lets the executor forget a job whose end is recorded.
  void Acknowledge(const Execution& execution);

  // Tries again what could not be recorded, once the store can be written to.
  void Tick(Execution& execution);

 private:
  void Commit(Execution& execution);
  void OnCommitted(Execution& execution, const absl::Status& status);
  void Complete(Execution& execution);

  Parts p_;
};

}  // namespace airlock::policy
