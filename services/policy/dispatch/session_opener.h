// How sessions begin.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"
#include "common/config/contract.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Makes sessions under their agent's contract. Not thread-safe: lives inside
// the dispatcher's serializer. All arguments must outlive it.
class SessionOpener {
 public:
  SessionOpener(const Contract& contract, SessionTable& sessions,
                ExecutorPool& pool)
      : contract_(contract), sessions_(sessions), pool_(pool) {}

  // For a valid request. Errors as SessionTable::Open().
  absl::StatusOr<Session*> Create(
      const std::string& agent,
      const airlock::v1::CreateSessionRequest& request);

  // The open session a valid request names, which is made if there is none.
  // FAILED_PRECONDITION with reason SESSION_LOST or SESSION_EXPIRED: it ended
  // by itself, and its agent has not been told. INVALID_ARGUMENT: more than the
  // session may use. Else errors as SessionTable::Open().
  absl::StatusOr<Session*> Enter(const std::string& agent,
                                 const airlock::v1::ExecuteRequest& request);

 private:
  const Contract& contract_;
  SessionTable& sessions_;
  ExecutorPool& pool_;
};

}  // namespace airlock::policy
