// How sessions end, and what is told then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::Job;
using airlock::v1::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using PublicExecution = airlock::v1::Execution;

class SessionEndTest : public SessionFixture {
 protected:
  using SessionFixture::SessionFixture;

  // An execution in ada's session is refused for this reason.
  void ExpectRefused(const std::string& session, const std::string& reason) {
    const auto client = ExecuteIn("ada", session, "refused");
    EXPECT_THAT(client->events(), IsEmpty());
    ASSERT_TRUE(client->finished().has_value());
    EXPECT_THAT(*client->finished(),
                StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(ErrorReason(*client->finished()), reason);
  }
  // Lets time pass for an executor that is there.
  void PassConnected(FakeExecutor& executor, absl::Duration by) {
    for (absl::Duration passed; passed < by; passed += absl::Seconds(1)) {
      executor.SayHeartbeat();
      Pass(absl::Seconds(1));
    }
  }
};

TEST_F(SessionEndTest, CloseRemovesTheSandbox) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string id = GetSession("work")->id();

  const auto closed = Close("work");

  EXPECT_EQ(closed->state(), airlock::v1::Session::STATE_CLOSED);
  EXPECT_TRUE(closed->has_end_time());
  EXPECT_THAT(executor->ended_sessions(), ElementsAre(id));
}

TEST_F(SessionEndTest, CloseCancelsWhatRunsAndWhatWaits) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  const auto running = ExecuteIn("ada", "work", "r1");
  const Job job = RunNewest(*executor);
  const auto waiting = ExecuteIn("ada", "work", "r2");

  EXPECT_THAT(Close("work").status(), IsOk());

  EXPECT_EQ(waiting->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(waiting->completed().state_reason(), "SESSION_CLOSED");
  EXPECT_FALSE(running->finished().has_value());
  EXPECT_THAT(executor->jobs(), SizeIs(1)) << "the waiting one never starts";
  executor->SayEnded(job, Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(running->completed().outcome().ended_by(),
            Outcome::ENDED_BY_CANCELLED);
}

TEST_F(SessionEndTest, CloseWhileItIsPreparedGivesTheTurnToNobody) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  const auto first = ExecuteIn("ada", "work", "r1");
  const auto second = ExecuteIn("ada", "work", "r2");

  EXPECT_THAT(Close("work").status(), IsOk());

  EXPECT_EQ(first->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(second->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_THAT(executor->jobs(), SizeIs(1));
}

TEST_F(SessionEndTest, CloseWhileTheStartIsRecordedStartsNothing) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteIn("ada", "work", "r1");
  store_.Hold();
  RunNewest(*executor);
  EXPECT_THAT(Close("work").status(), StatusIs(absl::StatusCode::kInternal))
      << "before it is durable nobody is told";
  store_.Release();

  EXPECT_EQ(Standing("work"), "STATE_CLOSED/CLOSED");
  EXPECT_THAT(executor->grants(), IsEmpty());
  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
}

TEST_F(SessionEndTest, ClosedWhileItsExecutorIsAwayIsRemovedWhenItIsBack) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string id = GetSession("work")->id();
  executor->Disconnect();
  EXPECT_THAT(Close("work").status(), IsOk());
  EXPECT_THAT(executor->ended_sessions(), IsEmpty());

  executor->Connect({}, {id});

  EXPECT_THAT(executor->ended_sessions(), ElementsAre(id));
}

TEST_F(SessionEndTest, SessionThatNobodyKnowsIsRemoved) {
  const auto executor = NewExecutor("ex-1");
  executor->Disconnect();
  executor->Connect({}, {"se-of-an-older-policy"});

  EXPECT_THAT(executor->ended_sessions(), ElementsAre("se-of-an-older-policy"));
}

TEST_F(SessionEndTest, AfterCloseTheNameMakesANewOne) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string old = GetSession("work")->id();
  EXPECT_THAT(Close("work").status(), IsOk());
  RunIn(*executor, "work", "r2");

  EXPECT_NE(GetSession("work")->id(), old);
  EXPECT_TRUE(executor->jobs().at(1).opens_session());
}

TEST_F(SessionEndTest, WaitsForAnExecutorThatComesBackWithIt) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string id = GetSession("work")->id();
  executor->Disconnect();
  const auto client = ExecuteIn("ada", "work", "r2");
  const auto other = NewExecutor("ex-2", 'b', 10);
  Pass(absl::Seconds(30));
  EXPECT_THAT(other->jobs(), IsEmpty());
  EXPECT_FALSE(client->finished().has_value());

  executor->Connect({}, {id});
  executor->GiveCredits(1);
  FinishNewest(*executor);

  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  PassConnected(*executor, absl::Seconds(80));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
}

TEST_F(SessionEndTest, ExecutorThatDoesNotComeBackLosesIt) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  executor->Disconnect();
  Pass(absl::Seconds(69));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
  const auto waiting = ExecuteIn("ada", "work", "r2");

  Pass(absl::Seconds(2));

  EXPECT_EQ(Standing("work"), "STATE_LOST/EXECUTOR_LOST");
  EXPECT_EQ(waiting->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(waiting->completed().outcome().reason(), "SESSION_LOST");
  ExpectRefused("work", "SESSION_LOST");
}

TEST_F(SessionEndTest, LostOneThatComesBackLateIsRemoved) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string id = GetSession("work")->id();
  executor->Disconnect();
  Pass(absl::Seconds(71));

  executor->Connect({}, {id});

  EXPECT_THAT(executor->ended_sessions(), ElementsAre(id));
  ExpectRefused("work", "SESSION_LOST");
}

TEST_F(SessionEndTest, NextBootOfItsExecutorHasLostIt) {
  RunIn(*NewExecutor("ex-1", 'a'), "work", "r1");

  NewExecutor("ex-1", 'b');

  EXPECT_EQ(Standing("work"), "STATE_LOST/EXECUTOR_RESTARTED");
}

TEST_F(SessionEndTest, ExecutorThatComesBackWithoutItHasLostIt) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  executor->Disconnect();
  executor->Connect();

  EXPECT_EQ(Standing("work"), "STATE_LOST/SANDBOX_LOST");
}

TEST_F(SessionEndTest, SandboxThatIsGoneLosesIt) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  RunIn(*executor, "other", "r2");

  executor->SaySessionEnded(GetSession("work")->id(), "CONTAINER_REMOVED");

  EXPECT_EQ(Standing("work"), "STATE_LOST/CONTAINER_REMOVED");
  EXPECT_EQ(Standing("other"), "STATE_OPEN");
}

TEST_F(SessionEndTest, OtherExecutorsCannotEndIt) {
  RunIn(*NewExecutor("ex-1"), "work", "r1");
  const auto other = NewExecutor("ex-2", 'b');

  other->SaySessionEnded(GetSession("work")->id(), "CONTAINER_REMOVED");

  EXPECT_EQ(Standing("work"), "STATE_OPEN");
}

TEST_F(SessionEndTest, JobThatCostTheSandboxLosesIt) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  const auto client = ExecuteIn("ada", "work", "r1");
  const auto waiting = ExecuteIn("ada", "work", "r2");
  executor->SayEndedWithSession(RunNewest(*executor),
                                Outcome::ENDED_BY_TIMED_OUT);

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_TIMED_OUT);
  EXPECT_EQ(waiting->completed().outcome().reason(), "SESSION_LOST");
  EXPECT_THAT(executor->jobs(), SizeIs(1));
  EXPECT_EQ(Standing("work"), "STATE_LOST/SANDBOX_LOST");
}

TEST_F(SessionEndTest, UnknownOutcomeLosesIt) {
  const auto executor = NewExecutor("ex-1");
  ExecuteIn("ada", "work", "r1");
  // Without a grant: who knows what ran.
  executor->SayEnded(executor->jobs().at(0), Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(Standing("work"), "STATE_LOST/EXECUTOR_LOST");
  EXPECT_THAT(executor->ended_sessions(), SizeIs(testing::Ge(1)));
}

TEST_F(SessionEndTest, UnusedOneHasNothingToLose) {
  const auto first = NewExecutor("ex-1");
  const auto client = ExecuteIn("ada", "work", "r1");
  first->Disconnect();
  const auto second = NewExecutor("ex-2", 'b');

  EXPECT_EQ(Standing("work"), "STATE_OPEN");
  ASSERT_THAT(second->jobs(), SizeIs(1));
  EXPECT_TRUE(second->jobs().at(0).opens_session());
  FinishNewest(*second);
  EXPECT_EQ(client->completed().executor_id(), "ex-2");
  first->Connect({}, {GetSession("work")->id()});
  EXPECT_THAT(first->ended_sessions(), ElementsAre(GetSession("work")->id()));
}

TEST_F(SessionEndTest, UnusedOneIsNotLostWhileItsStartIsRecorded) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteIn("ada", "work", "r1");
  store_.Hold();
  RunNewest(*executor);
  executor->Disconnect();
  executor->Connect();
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
  store_.Release();

  EXPECT_EQ(client->completed().outcome().reason(), "EXECUTOR_LOST");
  executor->GiveCredits(1);
  RunIn(*executor, "work", "r2");
  EXPECT_TRUE(executor->jobs().at(1).opens_session());
}

TEST_F(SessionEndTest, LostOneIsMadeAnewOnlyWhenItsAgentKnows) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  RunIn(*executor, "work", "r1");
  executor->SaySessionEnded(GetSession("work")->id(), "CONTAINER_REMOVED");
  ExpectRefused("work", "SESSION_LOST");
  EXPECT_EQ(Close("work")->state(), airlock::v1::Session::STATE_LOST);
  RunIn(*executor, "work", "r2");

  executor->SaySessionEnded(GetSession("work")->id(), "CONTAINER_REMOVED");
  EXPECT_THAT(Create("work").status(), IsOk());
  RunIn(*executor, "work", "r3");
}

TEST_F(SessionEndTest, UnusedForItsIdleTimeItExpires) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  const std::string id = GetSession("work")->id();
  PassConnected(*executor, absl::Minutes(15) - absl::Seconds(1));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");

  PassConnected(*executor, absl::Seconds(2));

  EXPECT_EQ(Standing("work"), "STATE_EXPIRED/IDLE_TIMEOUT");
  EXPECT_THAT(executor->ended_sessions(), ElementsAre(id));
  ExpectRefused("work", "SESSION_EXPIRED");
}

TEST_F(SessionEndTest, CordonedExecutorServesTheSessionsItHas) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  RunIn(*executor, "work", "r1");
  dispatcher_->SetExecutorOrder("ex-1", ExecutorOrder::kCordon, [](auto) {});

  RunIn(*executor, "work", "r2");

  ExecuteIn("ada", "other", "r3");
  EXPECT_THAT(executor->jobs(), SizeIs(2)) << "and makes no new one";
}

TEST_F(SessionEndTest, DrainedExecutorLosesEachWhenNothingRunsInIt) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  RunIn(*executor, "idle", "r1");
  ExecuteIn("ada", "busy", "r2");
  const Job job = RunNewest(*executor);
  const auto waiting = ExecuteIn("ada", "busy", "r3");
  dispatcher_->SetExecutorOrder("ex-1", ExecutorOrder::kDrain, [](auto) {});
  dispatcher_->Tick();

  EXPECT_EQ(Standing("idle"), "STATE_LOST/EXECUTOR_DRAINED");
  EXPECT_THAT(executor->ended_sessions(),
              ElementsAre(GetSession("idle")->id()));
  EXPECT_EQ(Standing("busy"), "STATE_OPEN");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  EXPECT_THAT(executor->jobs(), SizeIs(2)) << "nothing more begins in it";
  dispatcher_->Tick();
  EXPECT_EQ(Standing("busy"), "STATE_LOST/EXECUTOR_DRAINED");
  EXPECT_EQ(waiting->completed().outcome().reason(), "SESSION_LOST");
}

class ShortLivedSessionTest : public SessionEndTest {
 protected:
  ShortLivedSessionTest()
      : SessionEndTest(R"({"autonomy":{"level":"full"},"sandbox":{"sessions":
          {"idleTimeout":5000,"maxAge":20000,"maxPerAgent":2}}})") {}
};

TEST_F(ShortLivedSessionTest, IsNotIdleWhileSomethingRuns) {
  const auto executor = NewExecutor("ex-1");
  ExecuteIn("ada", "work", "r1");
  const Job job = RunNewest(*executor);
  PassConnected(*executor, absl::Seconds(10));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  PassConnected(*executor, absl::Seconds(4));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");

  PassConnected(*executor, absl::Seconds(2));

  EXPECT_EQ(Standing("work"), "STATE_EXPIRED/IDLE_TIMEOUT");
}

TEST_F(ShortLivedSessionTest, TooOldEndsAlsoWhatRuns) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  RunNewest(*executor);
  const auto waiting = ExecuteIn("ada", "work", "r2");
  EXPECT_EQ(GetSession("work")->expire_time().seconds() -
                GetSession("work")->create_time().seconds(),
            20);
  PassConnected(*executor, absl::Seconds(21));

  EXPECT_EQ(Standing("work"), "STATE_EXPIRED/MAX_AGE");
  EXPECT_EQ(waiting->completed().state_reason(), "SESSION_EXPIRED");
  EXPECT_THAT(executor->ended_sessions(), SizeIs(1));
}

TEST_F(ShortLivedSessionTest, ExpiresWhenItWasNotUsedAfterItWasMade) {
  EXPECT_THAT(Create("work").status(), IsOk());
  EXPECT_EQ(GetSession("work")->expire_time().seconds() -
                GetSession("work")->create_time().seconds(),
            5);
  Pass(absl::Seconds(6));

  EXPECT_EQ(Standing("work"), "STATE_EXPIRED/IDLE_TIMEOUT");
}

TEST_F(ShortLivedSessionTest, AgentHasSoManyAtMost) {
  NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "one", "r1");
  EXPECT_THAT(Create("two").status(), IsOk());
  const auto refused = ExecuteIn("ada", "three", "r3");

  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_THAT(*refused->finished(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(*refused->finished()), "TOO_MANY_SESSIONS");
  EXPECT_THAT(Create("three").status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Create("one", {"bob", airlock::v1::PRINCIPAL_ROLE_AGENT}),
              IsOk());
}

}  // namespace
}  // namespace airlock::policy
