// What a service that starts does with what the one before left behind.
#pragma once

#include <string>
#include <vector>

#include "common/time/clock.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/execution_ends.h"
#include "services/policy/dispatch/execution_flow.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/freezer.h"
#include "services/policy/dispatch/question_opener.h"
#include "services/policy/dispatch/session_flow.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/sessions/session_table.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Bounds of what is taken up again.
struct RecoverySettings {
  std::size_t kept_output_bytes;
  // For the audit.
  std::string program_version;
};

// Takes up executions, approvals and sessions where the store left them:
// questions stay open until their deadline, what was queued waits again, and
// what may run waits for its executor to come back with it, or else its outcome
// is unknown. Nothing is started that may have been started before.
//
// After a restored store everything that had not ended in it ends, standing
// approvals too: what it says
// of the present is not true any more. That it was restored is kept in it until
// all these ends are recorded, however often the service is started meanwhile.
//
// Not thread-safe: lives inside the dispatcher's serializer. All must outlive
// it.
class Recovery {
 public:
  struct Parts {
    const Clock& clock;
    const PolicySource& policy;
    Journal& journal;
    ExecutionTable& table;
    SessionTable& sessions;
    SessionFlow& session_flow;
    Freezer& freezer;
    ApprovalFlow& approvals;
    StandingFlow& standing;
    QuestionOpener& questions;
    ExecutionFlow& flow;
    ExecutionEnds& ends;
  };
  Recovery(Parts parts, RecoverySettings settings)
      : p_(parts), settings_(std::move(settings)) {}

  // Once, before anything else.
  void TakeUp(LiveState state);

  // Notes, after a restored store, that all of it has ended.
  void Tick();

 private:
  Execution& AddExecution(ExecutionRecord record, std::uint64_t first_fence);
  void AddApprovals(LiveState& state);
  bool IsSound(const Execution& execution);
  void GoOn(Execution& execution);
  void EndAll(const std::vector<Execution*>& executions);

  Parts p_;
  const RecoverySettings settings_;
  // What a restored store takes for alive, until the end of each is recorded.
  std::vector<std::string> ending_;
  bool restored_ = false;
  bool noting_ = false;
};

}  // namespace airlock::policy
