// One execution while it is alive, and for a while after.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/v1/approval.pb.h"
#include "services/policy/dispatch/execution_feed.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/later_input.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// How far an execution is, more finely than its public state.
enum class Phase {
  // A human is asked, or is about to be. No process may start.
  kAwaitingApproval,
  // Waits for an executor.
  kQueued,
  // An executor prepares its sandbox. No process may start.
  kPreparing,
  // START is being committed. No process may start. Where a sandbox is there
  // already the executor hears of the job only afterwards.
  kStarting,
  // A grant was sent.
  kRunning,
  // END is being committed.
  kEnding,
  // END is committed.
  kEnded,
};

// The executor that has the job.
struct Assignment {
  // 0: the executor is not connected now.
  LinkId link = 0;
  std::string executor_id;
  std::string boot_nonce;
  std::uint64_t fence = 0;
};

// What must become of a question that nobody needs to answer any more.
struct QuestionEnd {
  // STATE_CANCELLED: it was withdrawn. STATE_EXPIRED: what it was about is
  // gone.
  airlock::v1::Approval::State state;
  std::string reason;
  // Who withdrew it. Empty: the service.
  std::string actor;
};

// Lives inside the dispatcher's serializer.
struct Execution {
  Execution(ExecutionRecord r, std::size_t kept_output_bytes,
            bool accepts_later_input)
      : record(std::move(r)),
        feed(kept_output_bytes),
        input(accepts_later_input) {}

  const std::string& id() const { return record.execution.id(); }
  const std::string& agent() const { return record.execution.agent(); }

  ExecutionRecord record;
  // The serialized ExecutionSpec and its 32 bytes of digest.
  std::string spec;
  std::string digest;
  ExecutionFeed feed;
  LaterInput input;

  // The id of its session. Empty: it has none.
  std::string session_id;
  // Whether the executor may make the sandbox of its session.
  bool opens_session = false;
  // Whether the executor was told of the job; its grant may follow at once.
  bool job_sent = false;
  // The id of its sandbox's image, once there is one.
  std::string image_id;

  // What the audit says of its request, for its first record.
  std::optional<AuditEntry> request_entry;
  // Whether the store has it or is about to.
  bool recorded = false;
  // The policy it was decided by. Empty: not known any more.
  std::string policy_version;
  // The approval that let it start, where one was needed.
  std::optional<airlock::v1::Approval> approval;
  // Set once its question must end, until that is recorded.
  std::optional<QuestionEnd> question_end;

  Phase phase = Phase::kQueued;
  std::optional<Assignment> assignment;
  std::uint64_t last_fence = 0;
  // The permission to start it, from START on.
  airlock::internal::v1::Grant grant;
  // Why somebody wants it to end. Empty: nobody does.
  std::string cancel_reason;
  // Who does. Empty: the service.
  std::string cancel_actor;
  // Called when its end is recorded, or could not be this time.
  std::vector<std::function<void(const absl::Status&)>> end_waiters;
  // How far its executor is with its sandbox.
  airlock::v1::PrepareProgress progress;
  // The executor gave up while START was being committed.
  std::optional<airlock::v1::Outcome> early_end;
  // The executor said that the job is over, and waits to hear that this is
  // recorded.
  bool executor_ended = false;
  // Output the executor was last allowed to send.
  std::uint64_t credit_told = kOutputWindow;
  // END could not be committed; it is tried again.
  bool end_failed = false;

  // On the monotonic clock.
  absl::Duration accepted_at;
  absl::Duration queue_timeout;
  absl::Duration queue_deadline;
  absl::Duration prepare_deadline;
  absl::Duration started_at;
  // When nobody hears of it any more. Set while its executor is not connected.
  std::optional<absl::Duration> lost_deadline;
};

}  // namespace airlock::policy
