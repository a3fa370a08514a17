// The way of a session from its first use to its end.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/execution_flow.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/policy_metrics.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Ends sessions, with all that waits for them: when they are closed, when
// nobody uses them or they are too old, when their sandbox is lost, and when an
// operator empties their executor.
//
// A session in which nothing ran yet has nothing to lose: another executor
// makes its sandbox. Not thread-safe: lives inside the dispatcher's serializer.
// All arguments must outlive it.
class SessionFlow {
 public:
  struct Parts {
    const Clock& clock;
    ExecutionTable& table;
    SessionTable& sessions;
    ExecutorPool& pool;
    Placement& placement;
    ExecutionFlow& flow;
    Journal& journal;
    PolicyMetrics& metrics;
    // Without a word of its executor for this long a session is lost. Must be
    // longer than the lease after which an executor kills what runs.
    absl::Duration lost_after;
  };
  explicit SessionFlow(Parts parts) : p_(parts) {}

  // `actor` wants an open session to end. It has ended at once; `recorded` is
  // called when that is durable, or could not be recorded.
  void Close(Session& session, const std::string& actor,
             Journal::Done recorded);

  // This executor is connected, and has these sessions.
  void TakeBack(ConnectedExecutor& executor,
                const airlock::internal::v1::Hello& hello);
  // An open session from before a restart: its executor has time to come back.
  void Restore(Session& session);
  // An open session from an older store: nobody knows what ran in it since.
  void OnStoreRestored(Session& session);
  // It is not connected any more.
  void OnExecutorGone(const ConnectedExecutor& executor);
  // It has told that a session is gone.
  void OnSessionEnded(const ConnectedExecutor& executor,
                      const airlock::internal::v1::SessionEnded& ended);
  // It has told the end of an execution: its session may have gone with it.
  void OnJobEnded(const ConnectedExecutor& executor, const Execution& execution,
                  const airlock::internal::v1::JobEnded& ended);
  // Nobody knows what an execution of it did, or whether it still runs.
  void OnOutcomeUnknown(const Execution& execution);

  // Applies what time has done.
  void Tick();

 private:
  // The causes are few words, for metrics; the reasons are for clients.
  void Lose(Session& session, absl::string_view cause,
            absl::string_view reason);
  void Expire(Session& session, absl::string_view cause,
              absl::string_view reason);
  // Who ends it, and who waits until that is recorded; both may be nobody.
  struct Ended {
    std::string actor;
    Journal::Done recorded;
  };
  void End(Session& session, airlock::v1::Session::State state,
           absl::string_view cause, absl::string_view reason,
           const Ended& ended = {});
  // Cancels what is in a session that has ended, and removes its sandbox.
  void Clear(const Session& session, absl::string_view reason,
             absl::string_view actor = "");
  // Whether its executor is being emptied, and nothing runs in it.
  bool MustLeave(const Session& session);
  void TickOne(Session& session);

  Parts p_;
};

}  // namespace airlock::policy
