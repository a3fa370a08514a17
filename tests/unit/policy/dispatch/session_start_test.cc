// Executions in a session whose sandbox is there: nothing is to be prepared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::HeldJob;
using airlock::internal::v1::Job;
using airlock::v1::Outcome;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using PublicExecution = airlock::v1::Execution;

class SessionStartTest : public SessionFixture {
 protected:
  // An executor on which something ran in ada's session "work".
  std::shared_ptr<FakeExecutor> NewUsed() {
    auto executor = NewExecutor("ex-1");
    RunIn(*executor, "work", "r0");
    return executor;
  }
};

TEST_F(SessionStartTest, JobAndGrantAreSentTogether) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");

  ASSERT_THAT(executor->jobs(), SizeIs(2));
  ASSERT_THAT(executor->grants(), SizeIs(2));
  EXPECT_EQ(executor->grants().at(1).execution_id(), client->id());
  EXPECT_TRUE(executor->last().job().has_grant()) << "in one message";
  executor->SayReady(executor->jobs().at(1));
  EXPECT_THAT(executor->grants(), SizeIs(2)) << "one grant is enough";
  executor->SayEnded(executor->jobs().at(1), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(SessionStartTest, NeitherIsSentBeforeTheStartIsRecorded) {
  const auto executor = NewUsed();
  store_.Hold();
  ExecuteIn("ada", "work", "r1");
  EXPECT_THAT(executor->jobs(), SizeIs(1));

  store_.Release();

  EXPECT_THAT(executor->jobs(), SizeIs(2));
  EXPECT_THAT(executor->grants(), SizeIs(2));
}

TEST_F(SessionStartTest, StartThatCannotBeRecordedSendsNothing) {
  const auto executor = NewUsed();
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  const auto client = ExecuteIn("ada", "work", "r1");

  EXPECT_EQ(client->completed().outcome().reason(), "RECORD_FAILED");
  EXPECT_THAT(executor->jobs(), SizeIs(1));
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 0);
  ExecuteIn("ada", "work", "r2");
  EXPECT_THAT(executor->jobs(), SizeIs(2)) << "the credit was not used";
}

TEST_F(SessionStartTest, CancelledWhileTheStartIsRecordedSendsNothing) {
  const auto executor = NewUsed();
  store_.Hold();
  const auto client = ExecuteIn("ada", "work", "r1");
  const auto next = ExecuteIn("ada", "work", "r2");
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  store_.Release();

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
  ASSERT_THAT(executor->jobs(), SizeIs(2));
  EXPECT_EQ(executor->jobs().at(1).execution_id(), next->id());
  EXPECT_THAT(executor->ended_sessions(), IsEmpty());
}

TEST_F(SessionStartTest, SessionLostWhileTheStartIsRecordedSendsNothing) {
  const auto executor = NewUsed();
  store_.Hold();
  const auto client = ExecuteIn("ada", "work", "r1");
  executor->SaySessionEnded(GetSession("work")->id(), "CONTAINER_REMOVED");
  store_.Release();

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(client->completed().outcome().reason(), "SESSION_LOST");
  EXPECT_THAT(executor->jobs(), SizeIs(1));
}

TEST_F(SessionStartTest, ExecutorThatHasItNoMoreLosesIt) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");
  executor->SayEndedWithSession(executor->jobs().at(1),
                                Outcome::ENDED_BY_NOT_STARTED);

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(Standing("work"), "STATE_LOST/SANDBOX_LOST");
}

TEST_F(SessionStartTest, RefusedJobGoesToNoOtherExecutor) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");
  const auto other = NewExecutor("ex-2", 'b');
  executor->SayEnded(executor->jobs().at(1), Outcome::ENDED_BY_NOT_STARTED,
                     true);

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_THAT(other->jobs(), IsEmpty());
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
}

TEST_F(SessionStartTest, JobThatNeverArrivedWasNotStarted) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");
  executor->Disconnect();
  executor->Connect({}, {GetSession("work")->id()});

  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(client->completed().outcome().reason(), "EXECUTOR_LOST");
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
  EXPECT_THAT(executor->ended_sessions(), IsEmpty());
}

TEST_F(SessionStartTest, GrantThatNeverArrivedIsSentAgain) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");
  HeldJob held = Held(executor->jobs().at(1));
  held.set_started(false);
  executor->Disconnect();
  executor->Connect({held}, {GetSession("work")->id()});

  ASSERT_THAT(executor->grants(), SizeIs(3));
  airlock::internal::v1::GrantClaims claims;
  ASSERT_TRUE(claims.ParseFromString(executor->grants().at(2).claims()));
  EXPECT_EQ(claims.fence(), executor->jobs().at(1).fence());
  executor->SayEnded(executor->jobs().at(1), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(SessionStartTest, StartedJobGetsNoSecondGrant) {
  const auto executor = NewUsed();
  ExecuteIn("ada", "work", "r1");
  executor->Disconnect();
  executor->Connect({Held(executor->jobs().at(1))}, {GetSession("work")->id()});

  EXPECT_THAT(executor->grants(), SizeIs(2));
}

TEST_F(SessionStartTest, CancelledMeanwhileGetsNoSecondGrant) {
  const auto executor = NewUsed();
  const auto client = ExecuteIn("ada", "work", "r1");
  HeldJob held = Held(executor->jobs().at(1));
  held.set_started(false);
  executor->Disconnect();
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  executor->Connect({held}, {GetSession("work")->id()});

  EXPECT_THAT(executor->grants(), SizeIs(2));
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
}

}  // namespace
}  // namespace airlock::policy
