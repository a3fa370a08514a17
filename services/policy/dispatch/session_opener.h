// How sessions begin.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Makes sessions under their agent's contract. Not thread-safe: lives inside
// the dispatcher's serializer. All arguments must outlive it.
class SessionOpener {
 public:
  SessionOpener(const PolicySource& policy, SessionTable& sessions,
                ExecutorPool& pool, Journal& journal)
      : policy_(policy), sessions_(sessions), pool_(pool), journal_(journal) {}

  // For a valid request. Errors as SessionTable::Open(). `recorded` is called
  // when the session is durable or could not be recorded; there may be none.
  absl::StatusOr<Session*> Create(
      const std::string& agent, const airlock::v1::CreateSessionRequest& wanted,
      Journal::Done recorded = nullptr);

  // The open session a valid request names, which is made if there is none, on
  // the backend the request's action needs.
  // FAILED_PRECONDITION with reason SESSION_LOST or SESSION_EXPIRED: it ended
  // by itself, and its agent has not been told; SESSION_BACKEND: the action
  // belongs on another backend than it has. INVALID_ARGUMENT: more than the
  // session may use. Else errors as SessionTable::Open().
  absl::StatusOr<Session*> Enter(const std::string& agent,
                                 const airlock::v1::ExecuteRequest& request);

 private:
  absl::StatusOr<Session*> Open(const std::string& agent,
                                const airlock::v1::CreateSessionRequest& wanted,
                                const SandboxSettings& settings,
                                Journal::Done recorded);

  const PolicySource& policy_;
  SessionTable& sessions_;
  ExecutorPool& pool_;
  Journal& journal_;
};

}  // namespace airlock::policy
