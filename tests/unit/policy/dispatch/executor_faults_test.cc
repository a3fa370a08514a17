// What executors do wrong, and what is lost with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Job;
using airlock::v1::Outcome;

class ExecutorFaultsTest : public DispatchFixture {};

TEST_F(ExecutorFaultsTest, NoGrantBeforeTheStartIsRecorded) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  store_.Hold();
  RunNewest(*executor);
  EXPECT_EQ(executor->grants().size(), 0u);

  store_.Release();

  EXPECT_EQ(executor->grants().size(), 1u);
}

TEST_F(ExecutorFaultsTest, StartThatCannotBeRecordedNeverRuns) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  RunNewest(*executor);

  EXPECT_EQ(executor->grants().size(), 0u);
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(client->completed().outcome().reason(), "RECORD_FAILED");
}

TEST_F(ExecutorFaultsTest, EndIsToldOnlyWhenItIsRecorded) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  EXPECT_FALSE(client->finished().has_value());
  EXPECT_EQ(executor->Count(ConnectResponse::kEndAck), 0);

  Pass(absl::Seconds(2));

  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(executor->Count(ConnectResponse::kEndAck), 1);
}

TEST_F(ExecutorFaultsTest, NothingNewIsTakenWhileNothingCanBeRecorded) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  const auto refused = Execute("ada", "r2");
  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(refused->finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(*refused->finished()), "STORE_UNAVAILABLE");
  Pass(absl::Seconds(1));

  EXPECT_FALSE(Execute("ada", "r2")->finished().has_value());
}

TEST_F(ExecutorFaultsTest, RefusedTransactionSaysNothingOfTheStore) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  store_.FailNextPut(absl::FailedPreconditionError("used already"));
  RunNewest(*executor);

  EXPECT_FALSE(Execute("ada", "r2")->finished().has_value());
}

TEST_F(ExecutorFaultsTest, ExecutorLostBeforeTheGrantLeadsToAnotherOne) {
  const auto first = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job lost = first->jobs().at(0);
  first->Disconnect();
  const auto second = NewExecutor("ex-2");
  const Job job = RunNewest(*second);
  second->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_GT(job.fence(), lost.fence());
  EXPECT_EQ(job.spec(), lost.spec());
  EXPECT_EQ(client->completed().executor_id(), "ex-2");
}

TEST_F(ExecutorFaultsTest, ReadyWithAnOldFenceGetsNoGrant) {
  const auto first = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job lost = first->jobs().at(0);
  first->Disconnect();
  const auto second = NewExecutor("ex-2");
  first->Connect();
  first->SayReady(lost);

  EXPECT_EQ(first->grants().size(), 0u);
  second->SayReady(second->jobs().at(0));
  EXPECT_EQ(second->grants().size(), 1u);
}

TEST_F(ExecutorFaultsTest, LostAfterTheGrantIsUnknownOnlyAfterTheLease) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  RunNewest(*executor);
  executor->Disconnect();
  Pass(absl::Seconds(69));
  EXPECT_FALSE(client->finished().has_value());

  Pass(absl::Seconds(2));

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
}

TEST_F(ExecutorFaultsTest, NeverSentToASecondExecutorAfterTheGrant) {
  const auto first = NewExecutor("ex-1");
  Execute("ada", "r1");
  RunNewest(*first);
  first->Disconnect();
  const auto second = NewExecutor("ex-2");
  Pass(absl::Seconds(100));

  EXPECT_EQ(second->jobs().size(), 0u);
}

TEST_F(ExecutorFaultsTest, SameBootThatComesBackGoesOn) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "one");
  executor->Disconnect();
  executor->Connect({Held(job)});
  ASSERT_EQ(executor->Count(ConnectResponse::kResumeOutput), 1);
  executor->SayOutput(job, 0, "one two");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(client->output(airlock::v1::OUTPUT_STREAM_STDOUT), "one two");
  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(ExecutorFaultsTest, OtherBootThatComesBackMakesItUnknownAtOnce) {
  const auto executor = NewExecutor("ex-1", 'a');
  const auto client = Execute("ada", "r1");
  RunNewest(*executor);
  NewExecutor("ex-1", 'b');

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  ASSERT_TRUE(executor->closed().has_value());
}

TEST_F(ExecutorFaultsTest, LateReportIsAcknowledgedAndChangesNothing) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->Disconnect();
  Pass(absl::Seconds(71));
  executor->Connect({Held(job)});
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_TRUE(executor->last().has_end_ack());
  EXPECT_EQ(Get("ada", client->id())->outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
}

TEST_F(ExecutorFaultsTest, UnstartedJobThatIsHeldAfterReconnectIsTakenAway) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job job = executor->jobs().at(0);
  executor->Disconnect();
  executor->Connect({Held(job)});

  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
}

TEST_F(ExecutorFaultsTest, NotStartedThatMayBeRetriedGoesBackToTheQueue) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  executor->SayEnded(executor->jobs().at(0), Outcome::ENDED_BY_NOT_STARTED,
                     true);
  EXPECT_FALSE(client->finished().has_value());

  executor->GiveCredits(1);

  EXPECT_EQ(executor->jobs().size(), 2u);
}

TEST_F(ExecutorFaultsTest, NotStartedForGoodEndsIt) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  executor->SayEnded(executor->jobs().at(0), Outcome::ENDED_BY_NOT_STARTED);

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_FALSE(client->completed().has_start_time());
}

TEST_F(ExecutorFaultsTest, EndWithoutAGrantIsNotBelieved) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  executor->SayEnded(executor->jobs().at(0), Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
}

TEST_F(ExecutorFaultsTest, ExecutorLostBetweenStartAndGrantSendsNoGrant) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  store_.Hold();
  RunNewest(*executor);
  executor->Disconnect();
  store_.Release();

  EXPECT_EQ(executor->grants().size(), 0u);
  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(client->completed().outcome().reason(), "EXECUTOR_LOST");
}

TEST_F(ExecutorFaultsTest, OutputBeyondCreditEndsTheLink) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hello", /*slow=*/true);
  const Job job = RunNewest(*executor);
  for (std::uint64_t i = 0; i < 60; ++i) {
    executor->SayOutput(job, i * 65536, std::string(65536, 'x'));
  }

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_EQ(ErrorReason(*executor->closed()), "OUTPUT_BEYOND_CREDIT");
}

TEST_F(ExecutorFaultsTest, SilentExecutorIsGivenUp) {
  const auto executor = NewExecutor("ex-1");
  Pass(absl::Seconds(14));
  EXPECT_FALSE(executor->closed().has_value());

  Pass(absl::Seconds(2));

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_EQ(ErrorReason(*executor->closed()), "LINK_SILENT");
}

TEST_F(ExecutorFaultsTest, HeartbeatIsAnsweredAndKeepsTheLink) {
  const auto executor = NewExecutor("ex-1");
  for (int i = 0; i < 10; ++i) {
    Pass(absl::Seconds(5));
    executor->SayHeartbeat();
  }

  EXPECT_FALSE(executor->closed().has_value());
  EXPECT_EQ(executor->Count(ConnectResponse::kHeartbeatAck), 10);
}

TEST_F(ExecutorFaultsTest, OtherProtocolVersionIsRefused) {
  auto executor = std::make_shared<FakeExecutor>(*dispatcher_, "ex-1", 'a');
  airlock::internal::v1::ConnectRequest message;
  message.mutable_hello()->set_protocol_version(2);
  executor->Say(message);

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_THAT(*executor->closed(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(*executor->closed()), "PROTOCOL_VERSION");
}

TEST_F(ExecutorFaultsTest, FirstMessageMustBeHello) {
  auto executor = std::make_shared<FakeExecutor>(*dispatcher_, "ex-1", 'a');
  executor->GiveCredits(1);

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_EQ(ErrorReason(*executor->closed()), "HELLO_EXPECTED");
}

}  // namespace
}  // namespace airlock::policy
