#include "services/policy/dispatch/session_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/dispatch/execution_intake.h"
#include "services/policy/engine/session_requests.h"
#include "services/policy/sessions/session_pages.h"

namespace airlock::policy {
namespace {

absl::Status NotFoundError(const std::string& name) {
  return MakeError(absl::StatusCode::kNotFound, "SESSION_NOT_FOUND",
                   absl::StrCat("there is no session \"", name, "\""),
                   {{"session", name}});
}

absl::Status NotRecordedError(const absl::Status& status) {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                absl::StrCat("it could not be recorded; try again: ",
                             status.message())),
      absl::Seconds(1));
}

// Whose session a principal asks for; valid names only.
absl::StatusOr<std::string> OwnerFrom(const Principal& principal,
                                      const std::string& agent,
                                      const std::string& name) {
  const bool is_operator =
      principal.role == airlock::v1::PRINCIPAL_ROLE_OPERATOR;
  FieldViolations violations;
  CheckSessionName(name, "name", violations);
  if (is_operator && agent.empty()) {
    violations.Add("agent", "must be set by an operator: whose session it is");
  }
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  if (is_operator) return agent;
  if (!agent.empty() && agent != principal.id) return NotFoundError(name);
  return principal.id;
}

}  // namespace

void SessionCalls::Create(const Principal& principal,
                          airlock::v1::CreateSessionRequest request,
                          SessionDone done) {
  p_.serializer.Submit([this, agent = principal.id,
                        request = std::move(request), done = std::move(done)] {
    if (stopped_) {
      done(DrainingError());
      return;
    }
    const absl::StatusOr<Session*> session = p_.opener.Create(
        agent, request,
        [this, agent, name = request.name(), done](const absl::Status& status) {
          Recorded(agent, name, status, done);
        });
    if (!session.ok()) done(session.status());
  });
}

void SessionCalls::Recorded(const std::string& agent, const std::string& name,
                            const absl::Status& status,
                            const SessionDone& done) {
  Session* session = p_.sessions.FindName(agent, name);
  if (session == nullptr) {
    done(NotFoundError(name));
  } else if (status.ok()) {
    done(SessionToProto(*session));
  } else {
    // Nobody is told of it, so nobody may find it.
    if (session->open()) p_.flow.Close(*session, "", [](const auto&) {});
    done(NotRecordedError(status));
  }
}

void SessionCalls::Find(const Principal& principal, const std::string& agent,
                        const std::string& name,
                        std::function<void(absl::StatusOr<Session*>)> then) {
  absl::StatusOr<std::string> owner = OwnerFrom(principal, agent, name);
  if (!owner.ok()) {
    then(owner.status());
    return;
  }
  p_.serializer.Submit(
      [this, owner = *std::move(owner), name, then = std::move(then)] {
        Session* session = p_.sessions.FindName(owner, name);
        if (session == nullptr) {
          then(NotFoundError(name));
        } else {
          then(session);
        }
      });
}

void SessionCalls::Get(const Principal& principal,
                       const airlock::v1::GetSessionRequest& request,
                       SessionDone done) {
  Find(principal, request.agent(), request.name(),
       [done = std::move(done)](absl::StatusOr<Session*> session) {
         if (session.ok()) {
           done(SessionToProto(**session));
         } else {
           done(session.status());
         }
       });
}

void SessionCalls::Close(const Principal& principal,
                         const airlock::v1::CloseSessionRequest& request,
                         SessionDone done) {
  Find(principal, request.agent(), request.name(),
       [this, actor = principal.id,
        done = std::move(done)](absl::StatusOr<Session*> session) {
         if (!session.ok()) {
           done(session.status());
         } else if ((*session)->open()) {
           Close(**session, actor, done);
         } else {
           (*session)->acknowledged = true;
           done(SessionToProto(**session));
         }
       });
}

void SessionCalls::Close(Session& session, const std::string& actor,
                         const SessionDone& done) {
  p_.flow.Close(session, actor,
                [this, id = session.id(), done](const absl::Status& status) {
                  const Session* closed = p_.sessions.Find(id);
                  if (!status.ok() || closed == nullptr) {
                    done(NotRecordedError(status));
                  } else {
                    done(SessionToProto(*closed));
                  }
                });
}

void SessionCalls::List(const Principal& principal,
                        const airlock::v1::ListSessionsRequest& request,
                        ListDone done) {
  absl::StatusOr<SessionQuery> query =
      SessionQueryFromRequest(principal, request);
  if (!query.ok()) {
    done(query.status());
    return;
  }
  p_.serializer.Submit(
      [this, query = *std::move(query), done = std::move(done)] {
        done(ListPage(p_.sessions, query));
      });
}

}  // namespace airlock::policy
