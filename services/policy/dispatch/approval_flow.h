// The way of a question from its asking to its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/approval_settings.h"
#include "common/time/clock.h"
#include "services/policy/approval/approval_machine.h"
#include "services/policy/approval/pending_approvals.h"
#include "services/policy/approval/rejection_memory.h"
#include "services/policy/dispatch/approval_watchers.h"
#include "services/policy/dispatch/execution_ends.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/start_check.h"
#include "services/policy/policy_metrics.h"

namespace airlock::policy {

// Who has rejected the same action before and why, for its agent.
std::string RejectionText(const Rejection& rejection);

// Asks, takes answers, and lets questions expire, one step of an approval after
// another: a step is applied when it is durable, and those that come meanwhile
// wait for it and then see what it did. The first answer therefore wins, also
// against the deadline.
//
// An approval and its execution change in one transaction. Not thread-safe:
// lives inside the dispatcher's serializer. All must outlive it.
class ApprovalFlow {
 public:
  struct Parts {
    const Clock& clock;
    Store& store;
    Serializer& serializer;
    Journal& journal;
    ExecutionTable& table;
    ExecutionEnds& ends;
    const StartCheck& start_check;
    ApprovalWatchers& watchers;
    const PolicySource& policy;
    PolicyMetrics& metrics;
    std::size_t max_pending;
    // An execution was approved: it waits for an executor from now on.
    std::function<void(Execution&)> enqueue;
  };
  explicit ApprovalFlow(Parts parts) : p_(std::move(parts)) {}

  using Done = std::function<void(absl::StatusOr<airlock::v1::Approval>)>;

  // Whether one more question of this agent fits: RESOURCE_EXHAUSTED if not.
  absl::Status CheckRoom(const std::string& agent,
                         const ApprovalSettings& settings) const;

  // The rejection of the same action that still holds; nothing: there is none.
  std::optional<Rejection> RejectedBefore(const std::string& agent,
                                          const std::string& action_hash);

  // Asks about an execution in kAwaitingApproval. If the question cannot be
  // recorded, an execution that is not on record either is forgotten, and its
  // watchers get UNAVAILABLE: the reference ends then. One that is on record
  // ends as not started.
  void Ask(Execution& execution, const NewQuestion& question,
           const ApprovalSettings& settings, std::uint32_t required);

  // Answers it; `done` is called when that is durable.
  void Answer(const std::string& id, const AnswerInput& answer, Done done);
  // Withdraws it in the name of `actor`.
  void Cancel(const std::string& id, const std::string& actor, Done done);

  // Its execution, in kAwaitingApproval, shall end: somebody cancelled it, or
  // what was asked about has changed. Whatever answer is under way, nothing
  // starts any more, and this is tried until it is recorded.
  void Withdraw(Execution& execution, absl::string_view reason,
                absl::string_view actor = "");
  void Void(Execution& execution, absl::string_view reason);
  // The generation of a session has moved on: questions about it are void.
  void OnSessionMoved(const Session& session);

  // Somebody has seen it. It counts if they may answer it.
  void OnDelivered(const std::string& id, absl::string_view approver);

  // Goes on with a question from before a restart, and with a rejection.
  void Restore(ApprovalRecord record);
  void Remember(const ApprovalRecord& rejected);

  // The question, while it is pending; null: it is not. Valid until the next
  // call.
  const airlock::v1::Approval* FindPending(const std::string& id);

  // All that are pending, oldest first.
  std::vector<airlock::v1::Approval> Pending();

  // Lets expire what is due; after a change of the policy voids what it denies.
  void Tick();

 private:
  using Step = std::function<void(PendingApproval&)>;

  // Does the step now, or after those under way. `otherwise`: it is not
  // pending any more.
  void Run(const std::string& id, const Step& step,
           const std::function<void()>& otherwise);
  void AnswerPending(PendingApproval& pending, const AnswerInput& answer,
                     const Done& done);
  void AnswerEnded(const std::string& id, const AnswerInput& answer,
                   const Done& done);
  // Makes `next` durable, with what follows for the execution.
  void Move(PendingApproval& pending, ApprovalRecord next,
            std::vector<AuditEntry> audit, Done done,
            const std::string& actor = "");
  void Moved(const ApprovalRecord& next, const airlock::v1::Execution& after,
             const absl::Status& status, const Done& done);
  void Apply(PendingApproval& pending, const ApprovalRecord& next,
             const airlock::v1::Execution& after);
  void EndQuestion(Execution& execution, QuestionEnd end);
  void TryEnd(PendingApproval& pending);
  void RetryEnds();
  void Asked(const std::string& execution_id, const ApprovalRecord& record,
             bool first, const absl::Status& status);
  void Approve(Execution& execution);
  void Expire(PendingApproval& pending);
  void CheckPolicy();
  void Tell(Execution& execution, const airlock::v1::Approval& approval);
  ApprovalSettings SettingsFor(const std::string& agent) const;

  Parts p_;
  PendingApprovals pending_;
  RejectionMemory rejections_;
  // Questions an approver has seen, and those that a restart interrupted.
  absl::flat_hash_set<std::string> delivered_;
  absl::flat_hash_set<std::string> interrupted_;
  // Questions whose execution has a question_end.
  absl::flat_hash_set<std::string> ending_;
  std::string policy_version_;
};

}  // namespace airlock::policy
