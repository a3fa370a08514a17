// A dispatcher with fakes around it, asked about sessions.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "airlock/v1/session.pb.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {

class SessionFixture : public DispatchFixture {
 protected:
  using DispatchFixture::DispatchFixture;

  using Answer = absl::StatusOr<airlock::v1::Session>;

  static Principal Ada() { return {"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}; }
  static Principal Olga() {
    return {"olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR};
  }

  Answer Create(const std::string& name, const Principal& principal = Ada()) {
    airlock::v1::CreateSessionRequest request;
    request.set_name(name);
    return Create(request, principal);
  }
  Answer Create(const airlock::v1::CreateSessionRequest& request,
                const Principal& principal = Ada()) {
    Answer answer = absl::InternalError("no answer");
    dispatcher_->sessions().Create(principal, request, Keep(answer));
    return answer;
  }
  Answer GetSession(const std::string& name, const Principal& principal = Ada(),
                    const std::string& agent = "") {
    airlock::v1::GetSessionRequest request;
    request.set_name(name);
    request.set_agent(agent);
    Answer answer = absl::InternalError("no answer");
    dispatcher_->sessions().Get(principal, request, Keep(answer));
    return answer;
  }
  Answer Close(const std::string& name, const Principal& principal = Ada(),
               const std::string& agent = "") {
    airlock::v1::CloseSessionRequest request;
    request.set_name(name);
    request.set_agent(agent);
    // It may come after this has returned.
    const auto answer =
        std::make_shared<Answer>(absl::InternalError("no answer"));
    dispatcher_->sessions().Close(principal, request, [answer](Answer closed) {
      *answer = std::move(closed);
    });
    return *answer;
  }
  // Where ada's session stands, in one word: "STATE_OPEN", "STATE_LOST/REASON".
  std::string Standing(const std::string& name) {
    const Answer session = GetSession(name);
    if (!session.ok()) return session.status().ToString();
    std::string text = airlock::v1::Session::State_Name(session->state());
    if (!session->state_reason().empty()) text += "/" + session->state_reason();
    return text;
  }
  // The id of the session a job runs in.
  static std::string SessionOf(const airlock::internal::v1::Job& job) {
    return SpecOf(job).session();
  }
  // How one command in ada's session ended there.
  void RunIn(FakeExecutor& executor, const std::string& session,
             const std::string& request_id) {
    const auto client = ExecuteIn("ada", session, request_id);
    FinishNewest(executor);
    EXPECT_EQ(client->completed().outcome().ended_by(),
              airlock::v1::Outcome::ENDED_BY_EXITED);
    executor.GiveCredits(1);
  }

 private:
  static SessionCalls::SessionDone Keep(Answer& answer) {
    return [&answer](Answer session) { answer = std::move(session); };
  }
};

}  // namespace airlock::policy
