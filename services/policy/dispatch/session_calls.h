// What clients ask about sessions.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/session.pb.h"
#include "common/concurrency/serializer.h"
#include "common/security/authenticator.h"
#include "services/policy/dispatch/session_flow.h"
#include "services/policy/dispatch/session_opener.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Thread-safe: every call is applied inside the serializer. Nothing blocks. All
// arguments must outlive it.
//
// What does not exist and what is another agent's are both NOT_FOUND.
class SessionCalls {
 public:
  struct Parts {
    Serializer& serializer;
    SessionTable& sessions;
    SessionOpener& opener;
    SessionFlow& flow;
  };
  explicit SessionCalls(Parts parts) : p_(parts) {}

  using SessionDone = std::function<void(absl::StatusOr<airlock::v1::Session>)>;
  using ListDone =
      std::function<void(absl::StatusOr<airlock::v1::ListSessionsResponse>)>;

  // `request` must be valid.
  void Create(const Principal& principal,
              airlock::v1::CreateSessionRequest request, SessionDone done);
  void Get(const Principal& principal,
           const airlock::v1::GetSessionRequest& request, SessionDone done);
  void List(const Principal& principal,
            const airlock::v1::ListSessionsRequest& request, ListDone done);
  void Close(const Principal& principal,
             const airlock::v1::CloseSessionRequest& request, SessionDone done);

  // Makes no more sessions. Only inside the serializer.
  void StopCreating() { stopped_ = true; }

 private:
  // Finds the one of this agent and name inside the serializer.
  void Find(const Principal& principal, const std::string& agent,
            const std::string& name,
            std::function<void(absl::StatusOr<Session*>)> then);

  // A new session is durable, or is not.
  void Recorded(const std::string& agent, const std::string& name,
                const absl::Status& status, const SessionDone& done);
  void Close(Session& session, const std::string& actor,
             const SessionDone& done);

  Parts p_;
  bool stopped_ = false;
};

}  // namespace airlock::policy
