// What waits, why, and in which order.
#include "services/policy/dispatch/waiting_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::Job;
using airlock::v1::ListWaitingExecutionsResponse;
using airlock::v1::WaitingExecution;
using testing::HasSubstr;

DispatchLimits ShortList() {
  DispatchLimits limits;
  limits.max_waiting_told = 4;
  return limits;
}

class WaitingListTest : public SessionFixture {
 protected:
  WaitingListTest() : SessionFixture(kFullAutonomy, ShortList()) {}

  absl::StatusOr<ListWaitingExecutionsResponse> Ask(
      const std::string& principal, airlock::v1::PrincipalRole role,
      const std::string& agent = "") {
    absl::StatusOr<ListWaitingExecutionsResponse> told =
        absl::InternalError("no answer");
    dispatcher_->ListWaiting({principal, role}, agent,
                             [&](auto waiting) { told = std::move(waiting); });
    return told;
  }
  std::vector<WaitingExecution> All() {
    const auto told = Ask("olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR);
    EXPECT_THAT(told, IsOk());
    return {told->waiting().begin(), told->waiting().end()};
  }
  std::vector<std::string> Ids(const ListWaitingExecutionsResponse& told) {
    std::vector<std::string> ids;
    for (const WaitingExecution& waiting : told.waiting()) {
      ids.push_back(waiting.execution().id());
    }
    return ids;
  }
  void Order(const std::string& id, ExecutorOrder order) {
    dispatcher_->SetExecutorOrder(
        id, order, [](const auto& executor) { EXPECT_THAT(executor, IsOk()); });
  }
};

TEST_F(WaitingListTest, WithoutAnExecutorItSaysSoAndUntilWhen) {
  const auto client = Execute("ada", "r1");
  clock_.Advance(absl::Seconds(20));

  const std::vector<WaitingExecution> waiting = All();

  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].execution().id(), client->id());
  EXPECT_EQ(waiting[0].reason(), WaitingExecution::REASON_NO_EXECUTOR);
  EXPECT_THAT(waiting[0].message(), HasSubstr("\"docker\""));
  EXPECT_EQ(FromProto(waiting[0].deadline()), clock_.Now() + absl::Seconds(40));
}

TEST_F(WaitingListTest, FirstInTheOrderWaitsForCreditTheOthersForTheirTurn) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  for (const char* request : {"r1", "r2"}) Execute("ada", request);
  Execute("bob", "r1");

  const std::vector<WaitingExecution> waiting = All();

  ASSERT_EQ(waiting.size(), 3U);
  EXPECT_EQ(waiting[0].reason(), WaitingExecution::REASON_NO_CREDIT);
  EXPECT_THAT(waiting[0].message(), HasSubstr("1 have no free slot"));
  EXPECT_EQ(waiting[1].execution().agent(), "bob");
  EXPECT_EQ(waiting[1].reason(), WaitingExecution::REASON_AGENT_SHARE);
  EXPECT_THAT(waiting[1].message(),
              testing::EndsWith(": those of other agents"));
  EXPECT_EQ(waiting[2].execution().agent(), "ada");
  EXPECT_EQ(waiting[2].reason(), WaitingExecution::REASON_AGENT_SHARE);
  EXPECT_THAT(waiting[2].message(),
              HasSubstr("1 of its own agent and those of other agents"));
}

TEST_F(WaitingListTest, OrderIsThatInWhichTheyAreGivenOut) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  for (int i = 0; i < 2; ++i) Execute("ada", absl::StrCat("r", i));
  Execute("bob", "r1");
  Execute("eve", "r1");
  const auto told = Ask("olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR);
  ASSERT_THAT(told, IsOk());

  executor->GiveCredits(4);

  std::vector<std::string> given;
  for (const Job& job : executor->jobs()) given.push_back(job.execution_id());
  EXPECT_EQ(given.size(), 4U);
  EXPECT_EQ(Ids(*told), given);
}

TEST_F(WaitingListTest, CordonedAndDrainingExecutorsGiveNobodyATurn) {
  NewExecutor("ex-1");
  NewExecutor("ex-2");
  Order("ex-1", ExecutorOrder::kCordon);
  Order("ex-2", ExecutorOrder::kDrain);
  Execute("ada", "r1");
  Execute("bob", "r1");

  for (const WaitingExecution& waiting : All()) {
    EXPECT_EQ(waiting.reason(), WaitingExecution::REASON_NO_CREDIT);
    EXPECT_THAT(waiting.message(), HasSubstr("1 are cordoned and 1 drain"));
  }
  EXPECT_EQ(All().size(), 2U);
}

TEST_F(WaitingListTest, PreparationTellsItsStep) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job job = executor->jobs().at(0);
  EXPECT_THAT(All().at(0).message(), testing::EndsWith("its sandbox"));
  ConnectRequest message;
  message.mutable_job_progress()->set_execution_id(job.execution_id());
  message.mutable_job_progress()->set_fence(job.fence());
  auto& progress = *message.mutable_job_progress()->mutable_progress();
  progress.set_step("pulling image");
  progress.set_current_bytes(12);
  progress.set_total_bytes(100);
  executor->Say(message);
  Execute("ada", "r2");

  const std::vector<WaitingExecution> waiting = All();

  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].reason(), WaitingExecution::REASON_PREPARING);
  EXPECT_THAT(waiting[0].message(),
              HasSubstr("pulling image, 12 of 100 bytes"));
  EXPECT_EQ(FromProto(waiting[0].deadline()), clock_.Now() + absl::Minutes(15));
  EXPECT_EQ(waiting[1].reason(), WaitingExecution::REASON_NO_CREDIT);
}

TEST_F(WaitingListTest, StartThatIsBeingRecordedHasNoDeadline) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  store_.Hold();
  RunNewest(*executor);

  ASSERT_EQ(All().size(), 1U);
  EXPECT_EQ(All()[0].reason(), WaitingExecution::REASON_STARTING);
  EXPECT_FALSE(All()[0].has_deadline());

  store_.Release();
  EXPECT_EQ(All().size(), 0U);
}

TEST_F(WaitingListTest, ProgressOfALostExecutorIsNotTold) {
  const auto first = NewExecutor("ex-1");
  Execute("ada", "r1");
  ConnectRequest message;
  message.mutable_job_progress()->set_execution_id(
      first->jobs().at(0).execution_id());
  message.mutable_job_progress()->set_fence(first->jobs().at(0).fence());
  message.mutable_job_progress()->mutable_progress()->set_step("pulling image");
  first->Say(message);
  first->Disconnect();
  NewExecutor("ex-2");

  EXPECT_EQ(All().at(0).message(), "executor ex-2 prepares its sandbox");
}

TEST_F(WaitingListTest, AgentSeesItsOwnInItsPlace) {
  NewExecutor("ex-1", 'a', 0);
  Execute("bob", "r1");
  const auto client = Execute("ada", "r1");

  const auto told = Ask("ada", airlock::v1::PRINCIPAL_ROLE_AGENT);

  ASSERT_THAT(told, IsOk());
  EXPECT_THAT(Ids(*told), testing::ElementsAre(client->id()));
  EXPECT_EQ(told->waiting(0).reason(), WaitingExecution::REASON_AGENT_SHARE);
  EXPECT_EQ(told->untold(), 0U);
  EXPECT_EQ(ErrorReason(
                Ask("ada", airlock::v1::PRINCIPAL_ROLE_AGENT, "bob").status()),
            "OTHER_AGENT");
}

TEST_F(WaitingListTest, OperatorMayAskForOneAgent) {
  Execute("bob", "r1");
  const auto client = Execute("ada", "r1");

  const auto told = Ask("olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR, "ada");

  ASSERT_THAT(told, IsOk());
  EXPECT_THAT(Ids(*told), testing::ElementsAre(client->id()));
}

TEST_F(WaitingListTest, SessionLetsOneRunAtATime) {
  const auto executor = NewExecutor("ex-1", 'a', 5);
  ExecuteIn("ada", "work", "r1");
  RunNewest(*executor);
  ExecuteIn("ada", "work", "r2");

  ASSERT_EQ(All().size(), 1U);
  EXPECT_EQ(All()[0].reason(), WaitingExecution::REASON_SESSION_BUSY);
  EXPECT_THAT(All()[0].message(), HasSubstr("\"work\""));
}

TEST_F(WaitingListTest, SessionWithoutItsExecutorWaitsUntilItCountsAsLost) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  executor->Disconnect();
  clock_.Advance(absl::Seconds(15));
  ExecuteIn("ada", "work", "r2");

  ASSERT_EQ(All().size(), 1U);
  EXPECT_EQ(All()[0].reason(), WaitingExecution::REASON_SESSION_UNREACHABLE);
  EXPECT_THAT(All()[0].message(), HasSubstr("ex-1"));
  // Before its 60 s in the queue are over.
  EXPECT_EQ(FromProto(All()[0].deadline()), clock_.Now() + absl::Seconds(55));
}

TEST_F(WaitingListTest, SessionWaitsForASlotOfItsOwnExecutor) {
  const auto executor = NewExecutor("ex-1");
  RunIn(*executor, "work", "r1");
  Execute("ada", "r2");
  NewExecutor("ex-2", 'a', 0);
  ExecuteIn("ada", "work", "r3");
  Execute("ada", "r4");

  const std::vector<WaitingExecution> waiting = All();
  ASSERT_EQ(waiting.size(), 3U);
  EXPECT_EQ(waiting[0].reason(), WaitingExecution::REASON_PREPARING);
  EXPECT_EQ(waiting[1].reason(), WaitingExecution::REASON_NO_CREDIT);
  EXPECT_THAT(waiting[1].message(),
              HasSubstr("executor ex-1, which has session \"work\""));
  // The session holds up nothing behind it.
  EXPECT_EQ(waiting[2].reason(), WaitingExecution::REASON_NO_CREDIT);
}

TEST_F(WaitingListTest, NewSessionNeedsRoom) {
  const auto executor = NewExecutor("ex-1", 'a', 5, /*session_slots=*/1);
  RunIn(*executor, "work", "r1");
  ExecuteIn("ada", "more", "r2");

  ASSERT_EQ(All().size(), 1U);
  EXPECT_EQ(All()[0].reason(), WaitingExecution::REASON_NO_SESSION_ROOM);
}

TEST_F(WaitingListTest, BeyondTheBoundTheyAreOnlyCounted) {
  for (int i = 0; i < 6; ++i) Execute("ada", absl::StrCat("r", i));

  const auto told = Ask("olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR);

  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->waiting_size(), 4);
  EXPECT_EQ(told->untold(), 2U);
}

}  // namespace
}  // namespace airlock::policy
