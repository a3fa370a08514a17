// Sessions, through all three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;
using airlock::v1::Session;

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    stack_.StartExecutor("ex1", 2);
    stack_.WaitReady();
  }

  static airlock::v1::ExecuteRequest In(const std::string& session,
                                        const std::vector<std::string>& args) {
    airlock::v1::ExecuteRequest request = Command(args);
    request.set_session(session);
    return request;
  }
  Transcript Run(const std::string& session,
                 const std::vector<std::string>& args) {
    return stack_.Execute("ada", In(session, args));
  }
  absl::StatusOr<Session> Get(const std::string& principal,
                              const std::string& name,
                              const std::string& agent = "") {
    airlock::v1::GetSessionRequest request;
    request.set_name(name);
    request.set_agent(agent);
    airlock::v1::GetSessionResponse response;
    const absl::Status status = FromGrpcStatus(stack_.Sessions()->GetSession(
        Stack::As(principal).get(), request, &response));
    if (!status.ok()) return status;
    return response.session();
  }
  absl::StatusOr<Session> Close(const std::string& principal,
                                const std::string& name,
                                const std::string& agent = "") {
    airlock::v1::CloseSessionRequest request;
    request.set_name(name);
    request.set_agent(agent);
    airlock::v1::CloseSessionResponse response;
    const absl::Status status = FromGrpcStatus(stack_.Sessions()->CloseSession(
        Stack::As(principal).get(), request, &response));
    if (!status.ok()) return status;
    return response.session();
  }
  // Blocks until ada's session stands there; whether it came to that.
  bool WaitFor(const std::string& name, Session::State state) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (absl::Now() < give_up) {
      const auto session = Get("ada", name);
      if (session.ok() && session->state() == state) return true;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return false;
  }

  Stack stack_;
};

TEST_F(SessionTest, ExecutionsShareOneSandboxUntilItIsClosed) {
  EXPECT_EQ(Run("work", {"echo", "one"}).stdout_data, "one\n");
  EXPECT_EQ(Run("work", {"echo", "two"}).stdout_data, "two\n");
  EXPECT_EQ(stack_.backend("ex1").created_specs().size(), 1U);
  EXPECT_EQ(stack_.backend("ex1").live_sandboxes(), 1);

  const auto closed = Close("ada", "work");

  ASSERT_THAT(closed, IsOk());
  EXPECT_EQ(closed->state(), Session::STATE_CLOSED);
  EXPECT_EQ(closed->generation(), 2U);
  EXPECT_TRUE(stack_.backend("ex1").WaitForLiveSandboxes(0, absl::Seconds(20)));
}

TEST_F(SessionTest, EachNameAndEachAgentHasItsOwn) {
  Run("work", {"echo", "one"});
  Run("other", {"echo", "two"});
  stack_.Execute("bob", In("work", {"echo", "three"}));

  EXPECT_EQ(stack_.backend("ex1").live_sandboxes(), 3);
  airlock::v1::ListSessionsResponse listed;
  ASSERT_THAT(FromGrpcStatus(stack_.Sessions()->ListSessions(
                  Stack::As("olga").get(), {}, &listed)),
              IsOk());
  ASSERT_EQ(listed.sessions_size(), 3);
  EXPECT_EQ(listed.sessions(0).name(), "other");
  EXPECT_EQ(listed.sessions(2).agent(), "bob");
}

TEST_F(SessionTest, OthersSessionsAreHidden) {
  Run("work", {"echo", "one"});

  EXPECT_THAT(Get("bob", "work"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Close("bob", "work", "ada"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Get("olga", "work", "ada"), IsOk());
}

TEST_F(SessionTest, CreatedOneIsNarrowerAndRunsTheSame) {
  airlock::v1::CreateSessionRequest request;
  request.set_name("work");
  request.mutable_limits()->set_memory_bytes(64 << 20);
  airlock::v1::CreateSessionResponse response;
  ASSERT_THAT(FromGrpcStatus(stack_.Sessions()->CreateSession(
                  Stack::As("ada").get(), request, &response)),
              IsOk());
  EXPECT_EQ(Run("work", {"echo", "one"}).stdout_data, "one\n");

  ASSERT_EQ(stack_.backend("ex1").created_specs().size(), 1U);
  EXPECT_EQ(stack_.backend("ex1").created_specs()[0].memory_bytes, 64U << 20);
  EXPECT_THAT(FromGrpcStatus(stack_.Sessions()->CreateSession(
                  Stack::As("ada").get(), request, &response)),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(SessionTest, OperatorsMakeNone) {
  airlock::v1::CreateSessionRequest request;
  request.set_name("work");
  airlock::v1::CreateSessionResponse response;

  EXPECT_THAT(FromGrpcStatus(stack_.Sessions()->CreateSession(
                  Stack::As("olga").get(), request, &response)),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(SessionTest, SandboxThatIsLostLosesTheSession) {
  Run("work", {"echo", "one"});
  stack_.backend("ex1").LoseSandboxes();
  ASSERT_TRUE(WaitFor("work", Session::STATE_LOST));

  const absl::Status refused = Run("work", {"echo", "two"}).status;

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused), "SESSION_LOST");
  EXPECT_THAT(Close("ada", "work"), IsOk());
  EXPECT_EQ(Run("work", {"echo", "new"}).stdout_data, "new\n");
}

TEST_F(SessionTest, NextBootOfTheExecutorHasLostIt) {
  Run("work", {"echo", "one"});
  stack_.StopExecutor("ex1");
  stack_.StartExecutor("ex1", 2);

  EXPECT_TRUE(WaitFor("work", Session::STATE_LOST));
}

TEST_F(SessionTest, CloseEndsWhatRuns) {
  const auto context = Stack::As("ada");
  const auto stub = stack_.Client();
  const auto reader =
      stub->Execute(context.get(), In("work", {"sleep", "100"}));
  ASSERT_TRUE(stack_.backend("ex1").WaitForStarted(1, absl::Seconds(20)));

  ASSERT_THAT(Close("ada", "work"), IsOk());

  const Transcript told = ReadAll<airlock::v1::ExecuteResponse>(*reader);
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_TRUE(stack_.backend("ex1").WaitForLiveSandboxes(0, absl::Seconds(20)));
}

TEST_F(SessionTest, NextPolicyServiceKeepsNoSandboxItDoesNotKnow) {
  Run("work", {"echo", "one"});
  stack_.StopPolicy();
  stack_.StartPolicy();

  EXPECT_TRUE(stack_.backend("ex1").WaitForLiveSandboxes(0, absl::Seconds(20)));
}

}  // namespace
}  // namespace airlock
