// How an execution comes to ask a human.
#pragma once

#include <cstdint>

#include "common/time/clock.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/execution_ends.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/policy_metrics.h"
#include "services/policy/standing/question_memory.h"

namespace airlock::policy {

// Asks, or answers as one has answered before. Not thread-safe: lives inside
// the dispatcher's serializer. All must outlive it.
class QuestionOpener {
 public:
  struct Parts {
    const Clock& clock;
    const PolicySource& policy;
    ApprovalFlow& approvals;
    ExecutionEnds& ends;
    Placement& placement;
    QuestionMemory& questions;
    PolicyMetrics& metrics;
  };
  explicit QuestionOpener(Parts parts) : p_(parts) {}

  // Asks about an execution in kAwaitingApproval, under the contract of its
  // agent that is in force. The reference may end.
  void Open(Execution& execution, const AgentContract& contract,
            std::uint32_t required);

  // The same for one that was to start without a question, and neither waits
  // in the queue nor is wanted by its executor any more. Where nobody can be
  // asked it ends as EXPIRED: its session has changed (SESSION_CHANGED), or too
  // many questions are open (APPROVALS_FULL). The reference may end.
  void OpenInstead(Execution& execution, std::uint32_t required);

  // It was asked about before a restart.
  void Recall(const Execution& execution);

 private:
  bool SessionMoved(const Execution& execution);

  Parts p_;
};

}  // namespace airlock::policy
