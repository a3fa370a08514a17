// Executions in sessions: where they go, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Job;
using airlock::v1::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using PublicExecution = airlock::v1::Execution;

using SessionTurnTest = SessionFixture;

TEST_F(SessionTurnTest, NameMakesASessionWithItsFirstExecution) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteIn("ada", "work", "r1");

  const auto session = GetSession("work");
  ASSERT_THAT(session.status(), IsOk());
  EXPECT_EQ(session->executor_id(), "ex-1");
  EXPECT_EQ(session->live_executions(), 1U);
  const Job job = executor->jobs().at(0);
  EXPECT_TRUE(job.opens_session());
  EXPECT_EQ(SpecOf(job).session(), session->id());
  EXPECT_EQ(client->events().at(0).accepted().session(), "work");
  FinishNewest(*executor);
  EXPECT_EQ(client->completed().session(), "work");
  EXPECT_EQ(GetSession("work")->live_executions(), 0U);
}

TEST_F(SessionTurnTest, LaterOnesUseTheSandboxThatIsThere) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  ExecuteIn("ada", "work", "r2");

  ASSERT_THAT(executor->jobs(), SizeIs(2));
  EXPECT_FALSE(executor->jobs().at(1).opens_session());
  EXPECT_EQ(SessionOf(executor->jobs().at(1)),
            SessionOf(executor->jobs().at(0)));
}

TEST_F(SessionTurnTest, LaterOnesGoToTheExecutorThatHasItOnly) {
  const auto first = NewExecutor("ex-1");
  RunIn(*first, "work", "r1");
  const auto second = NewExecutor("ex-2", 'b', 10);
  for (int i = 2; i < 5; ++i) {
    RunIn(*first, "work", "r" + std::to_string(i));
  }

  EXPECT_THAT(second->jobs(), IsEmpty());
}

TEST_F(SessionTurnTest, OneRunsAtATimeInTheOrderTheyCame) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  std::vector<std::string> ids;
  for (int i = 1; i <= 3; ++i) {
    ids.push_back(ExecuteIn("ada", "work", "r" + std::to_string(i))->id());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_THAT(executor->jobs(), SizeIs(i + 1));
    EXPECT_EQ(executor->jobs().back().execution_id(), ids[i]);
    FinishNewest(*executor);
  }
}

TEST_F(SessionTurnTest, BusySessionHoldsUpNothingElse) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  ExecuteIn("ada", "work", "r2");
  const auto other = ExecuteIn("ada", "other", "r3");
  const auto alone = Execute("ada", "r4");

  ASSERT_THAT(executor->jobs(), SizeIs(3));
  EXPECT_EQ(executor->jobs().at(1).execution_id(), other->id());
  EXPECT_EQ(executor->jobs().at(2).execution_id(), alone->id());
}

TEST_F(SessionTurnTest, WaitingForATurnEndsWithTheQueueTimeout) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  const Job running = RunNewest(*executor);
  const auto waiting = ExecuteIn("ada", "work", "r2");
  for (int i = 0; i < 61; ++i) {
    executor->SayHeartbeat();
    Pass(absl::Seconds(1));
  }

  EXPECT_EQ(waiting->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(waiting->completed().state_reason(), "QUEUE_TIMEOUT");
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
}

TEST_F(SessionTurnTest, ExecutorWithoutRoomForSessionsGetsNone) {
  const auto full = NewExecutor("ex-1", 'a', 10, /*session_slots=*/1);
  ExecuteIn("ada", "one", "r1");
  const auto waiting = ExecuteIn("ada", "two", "r2");
  EXPECT_THAT(full->jobs(), SizeIs(1));

  const auto free = NewExecutor("ex-2", 'b', 1);

  ASSERT_THAT(free->jobs(), SizeIs(1));
  EXPECT_EQ(free->jobs().at(0).execution_id(), waiting->id());
}

TEST_F(SessionTurnTest, ClosedSessionMakesRoomForAnother) {
  const auto executor = NewExecutor("ex-1", 'a', 10, /*session_slots=*/1);
  RunIn(*executor, "one", "r1");
  ExecuteIn("ada", "two", "r2");
  EXPECT_THAT(executor->jobs(), SizeIs(1));

  EXPECT_THAT(Close("one").status(), IsOk());
  dispatcher_->Tick();

  EXPECT_THAT(executor->jobs(), SizeIs(2));
}

TEST_F(SessionTurnTest, GenerationRisesWithEachStart) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  const auto first = ExecuteIn("ada", "work", "r1");
  const auto second = ExecuteIn("ada", "work", "r2");
  EXPECT_EQ(GetSession("work")->generation(), 0U);
  const Job job = RunNewest(*executor);
  EXPECT_EQ(GetSession("work")->generation(), 1U);
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(GetSession("work")->generation(), 2U) << "the next one starts";
  FinishNewest(*executor);
  const auto third = ExecuteIn("ada", "work", "r3");

  EXPECT_EQ(first->completed().session_generation(), 0U);
  EXPECT_EQ(second->completed().session_generation(), 0U);
  EXPECT_EQ(third->events().at(0).accepted().session_generation(), 2U);
  EXPECT_EQ(SpecOf(executor->jobs().at(2)).session_generation(), 2U);
}

TEST_F(SessionTurnTest, ImageIsPinnedOnceSomethingRan) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  const Job first = executor->jobs().at(0);
  EXPECT_EQ(SpecOf(first).sandbox().image_id(), "");
  executor->SayReady(first, "sha256:1");
  executor->SayEnded(first, Outcome::ENDED_BY_EXITED);
  ExecuteIn("ada", "work", "r2");

  EXPECT_EQ(SpecOf(executor->jobs().at(1)).sandbox().image_id(), "sha256:1");
}

TEST_F(SessionTurnTest, OpeningThatMayBeRetriedGoesToAnotherExecutor) {
  const auto first = NewExecutor("ex-1");
  const auto client = ExecuteIn("ada", "work", "r1");
  const auto second = NewExecutor("ex-2", 'b');
  first->SayEnded(first->jobs().at(0), Outcome::ENDED_BY_NOT_STARTED, true);

  ASSERT_THAT(second->jobs(), SizeIs(1));
  EXPECT_TRUE(second->jobs().at(0).opens_session());
  EXPECT_EQ(GetSession("work")->executor_id(), "ex-2");
  EXPECT_THAT(first->ended_sessions(),
              ElementsAre(SessionOf(first->jobs().at(0))));
  FinishNewest(*second);
  EXPECT_EQ(client->completed().executor_id(), "ex-2");
}

TEST_F(SessionTurnTest, CancelledOpeningLeavesNothingAtTheExecutor) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  const auto client = ExecuteIn("ada", "work", "r1");
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
  EXPECT_THAT(executor->ended_sessions(),
              ElementsAre(SessionOf(executor->jobs().at(0))));
  EXPECT_EQ(GetSession("work")->executor_id(), "");
  ExecuteIn("ada", "work", "r2");
  EXPECT_TRUE(executor->jobs().at(1).opens_session());
}

TEST_F(SessionTurnTest, CancelledWaitingOneLeavesTheTurnToTheNext) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  const auto cancelled = ExecuteIn("ada", "work", "r2");
  const auto next = ExecuteIn("ada", "work", "r3");
  EXPECT_THAT(Cancel("ada", cancelled->id()), IsOk());
  FinishNewest(*executor);

  EXPECT_EQ(executor->jobs().back().execution_id(), next->id());
}

TEST_F(SessionTurnTest, OtherAgentsSessionOfTheSameNameIsAnotherOne) {
  const auto executor = NewExecutor("ex-1", 'a', 10);
  ExecuteIn("ada", "work", "r1");
  ExecuteIn("bob", "work", "r1");

  ASSERT_THAT(executor->jobs(), SizeIs(2));
  EXPECT_NE(SessionOf(executor->jobs().at(0)),
            SessionOf(executor->jobs().at(1)));
}

}  // namespace
}  // namespace airlock::policy
