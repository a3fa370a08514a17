// What operators see of executors and order of them.
#include "services/policy/dispatch/executor_roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::v1::Executor;
using airlock::v1::Outcome;

DispatchLimits SmallLimits() {
  DispatchLimits limits;
  limits.roster.remember = absl::Minutes(10);
  limits.roster.max_gone = 2;
  limits.roster.max_ordered = 2;
  return limits;
}

class ExecutorRosterTest : public DispatchFixture {
 protected:
  ExecutorRosterTest() : DispatchFixture(kFullAutonomy, SmallLimits()) {}

  std::vector<Executor> List() {
    std::vector<Executor> told;
    dispatcher_->ListExecutors([&](const auto& response) {
      told = {response.executors().begin(), response.executors().end()};
    });
    return told;
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const Executor& executor : List()) ids.push_back(executor.id());
    return ids;
  }
  Executor Only() {
    const std::vector<Executor> told = List();
    EXPECT_EQ(told.size(), 1U);
    return told.empty() ? Executor() : told.front();
  }
  absl::StatusOr<Executor> Order(const std::string& id, ExecutorOrder order) {
    absl::StatusOr<Executor> told = absl::InternalError("no answer");
    dispatcher_->SetExecutorOrder(id, order,
                                  [&](auto executor) { told = executor; });
    return told;
  }
  static void SayReady(FakeExecutor& executor, bool ready = true) {
    ConnectRequest message;
    auto& status = *message.mutable_status();
    status.set_ready(ready);
    status.set_max_sandboxes(66);
    status.set_sandboxes(5);
    status.set_warm_target(4);
    status.set_warm_sandboxes(3);
    status.set_sessions(1);
    auto& check = *status.add_checks();
    check.set_name("pids");
    check.set_ok(ready);
    executor.Say(message);
  }
};

TEST_F(ExecutorRosterTest, ConnectedExecutorIsToldAsItSaidItIs) {
  clock_.Advance(absl::Seconds(3));
  const absl::Time connected = clock_.Now();
  const auto executor = NewExecutor("ex-1");
  SayReady(*executor);
  clock_.Advance(absl::Seconds(3));

  const Executor told = Only();

  EXPECT_EQ(told.id(), "ex-1");
  EXPECT_EQ(told.state(), Executor::STATE_READY);
  EXPECT_EQ(told.backend(), "docker");
  EXPECT_EQ(told.version(), "1.2.3");
  EXPECT_EQ(told.labels().at("zone"), "a");
  EXPECT_EQ(FromProto(told.contact_time()), connected);
  EXPECT_EQ(told.slots(), 2U);
  EXPECT_EQ(told.max_sandboxes(), 66U);
  EXPECT_EQ(told.sandboxes(), 5U);
  EXPECT_EQ(told.warm_target(), 4U);
  EXPECT_EQ(told.warm_sandboxes(), 3U);
  EXPECT_EQ(told.sessions(), 1U);
  ASSERT_EQ(told.checks_size(), 1);
  EXPECT_EQ(told.checks(0).name(), "pids");
  EXPECT_THAT(told.images(), testing::ElementsAre("airlock/sandbox:latest"));
}

TEST_F(ExecutorRosterTest, ExecutorThatSaidNothingYetIsNotReady) {
  const auto executor = NewExecutor("ex-1");
  EXPECT_EQ(Only().state(), Executor::STATE_NOT_READY);

  SayReady(*executor);
  EXPECT_EQ(Only().state(), Executor::STATE_READY);
  SayReady(*executor, false);
  EXPECT_EQ(Only().state(), Executor::STATE_NOT_READY);
}

TEST_F(ExecutorRosterTest, WhyItIsNotReadyIsToldAsItSaidIt) {
  const auto executor = NewExecutor("ex-1");
  ConnectRequest message;
  message.mutable_status()->set_not_ready_reason("HOST_QUARANTINED");
  message.mutable_status()->set_not_ready_message("new file /tmp/x");
  executor->Say(message);

  EXPECT_EQ(Only().state(), Executor::STATE_NOT_READY);
  EXPECT_EQ(Only().not_ready_reason(), "HOST_QUARANTINED");
  EXPECT_EQ(Only().not_ready_message(), "new file /tmp/x");

  SayReady(*executor);
  EXPECT_EQ(Only().not_ready_reason(), "");
  EXPECT_EQ(Only().not_ready_message(), "");
}

TEST_F(ExecutorRosterTest, RunningCountsWhatItHasUntilTheEnd) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  Execute("ada", "r1");
  const auto job = RunNewest(*executor);
  Execute("ada", "r2");
  Execute("ada", "r3");
  EXPECT_EQ(Only().running(), 2U);

  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(Only().running(), 1U);
}

TEST_F(ExecutorRosterTest, ExecutorThatStopsIsDraining) {
  const auto executor = NewExecutor("ex-1");
  SayReady(*executor);
  executor->SayDraining();

  EXPECT_EQ(Only().state(), Executor::STATE_DRAINING);
}

TEST_F(ExecutorRosterTest, GoneOneIsToldForAWhile) {
  const auto executor = NewExecutor("ex-1");
  SayReady(*executor);
  Execute("ada", "r1");
  RunNewest(*executor);
  clock_.Advance(absl::Seconds(1));
  executor->SayHeartbeat();
  const absl::Time heard = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  executor->Disconnect();

  const Executor told = Only();
  EXPECT_EQ(told.state(), Executor::STATE_DISCONNECTED);
  EXPECT_EQ(FromProto(told.contact_time()), heard);
  EXPECT_EQ(told.version(), "1.2.3");
  EXPECT_EQ(told.running(), 1U);
  EXPECT_TRUE(told.images().empty());

  Pass(absl::Minutes(10));
  EXPECT_EQ(Ids().size(), 1U);
  Pass(absl::Seconds(1));
  EXPECT_TRUE(Ids().empty());
}

TEST_F(ExecutorRosterTest, OldestGoneOneIsForgottenFirst) {
  for (const char* id : {"ex-3", "ex-1", "ex-2"}) {
    NewExecutor(id)->Disconnect();
    clock_.Advance(absl::Seconds(1));
  }

  EXPECT_THAT(Ids(), testing::ElementsAre("ex-1", "ex-2"));
}

TEST_F(ExecutorRosterTest, CordonedOneGetsNoNewWorkAndKeepsWhatItHas) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  const auto client = Execute("ada", "r1");
  const auto job = RunNewest(*executor);

  const auto told = Order("ex-1", ExecutorOrder::kCordon);
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->state(), Executor::STATE_CORDONED);
  EXPECT_EQ(told->running(), 1U);
  Execute("ada", "r2");
  executor->GiveCredits(5);
  dispatcher_->Tick();

  EXPECT_EQ(executor->jobs().size(), 1U);
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(ExecutorRosterTest, AnotherExecutorTakesWhatACordonedOneDoesNot) {
  NewExecutor("ex-1", 'a', 5);
  const auto other = NewExecutor("ex-2");
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kCordon), IsOk());

  Execute("ada", "r1");

  EXPECT_EQ(other->jobs().size(), 1U);
}

TEST_F(ExecutorRosterTest, UncordonGivesWaitingWorkAtOnce) {
  const auto executor = NewExecutor("ex-1");
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kDrain), IsOk());
  Execute("ada", "r1");
  ASSERT_EQ(executor->jobs().size(), 0U);

  ASSERT_THAT(Order("ex-1", ExecutorOrder::kNone), IsOk());

  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(ExecutorRosterTest, CordonOutlivesALinkAndABoot) {
  const auto first = NewExecutor("ex-1");
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kCordon), IsOk());
  first->Disconnect();
  const auto second = NewExecutor("ex-1", 'b');
  Execute("ada", "r1");

  EXPECT_EQ(second->jobs().size(), 0U);
  EXPECT_EQ(Only().state(), Executor::STATE_CORDONED);
}

TEST_F(ExecutorRosterTest, CordonHoldsHoweverLongTheExecutorIsGone) {
  NewExecutor("ex-1")->Disconnect();
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kCordon), IsOk());
  for (const char* id : {"ex-2", "ex-3", "ex-4"}) {
    clock_.Advance(absl::Seconds(1));
    NewExecutor(id)->Disconnect();
  }
  EXPECT_THAT(Ids(), testing::ElementsAre("ex-1", "ex-3", "ex-4"));
  Pass(absl::Minutes(11));
  EXPECT_THAT(Ids(), testing::ElementsAre("ex-1"));

  const auto back = NewExecutor("ex-1", 'b');
  Execute("ada", "r1");
  EXPECT_EQ(back->jobs().size(), 0U);

  ASSERT_THAT(Order("ex-1", ExecutorOrder::kNone), IsOk());
  EXPECT_EQ(back->jobs().size(), 1U);
}

TEST_F(ExecutorRosterTest, CordonDoesNotEndADrain) {
  NewExecutor("ex-1");
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kDrain), IsOk());

  const auto told = Order("ex-1", ExecutorOrder::kCordon);

  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->state(), Executor::STATE_DRAINING);
}

TEST_F(ExecutorRosterTest, UnknownExecutorIsNotFoundByItsId) {
  NewExecutor("ex-1");

  const absl::Status status = Order("ex-9", ExecutorOrder::kCordon).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound,
                               testing::HasSubstr("\"ex-9\"")));
  EXPECT_EQ(ErrorReason(status), "EXECUTOR_NOT_FOUND");
}

TEST_F(ExecutorRosterTest, NoCordonIsForgottenForAnotherOne) {
  for (const char* id : {"ex-1", "ex-2", "ex-3"}) NewExecutor(id);
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kCordon), IsOk());
  ASSERT_THAT(Order("ex-2", ExecutorOrder::kCordon), IsOk());

  const absl::Status status = Order("ex-3", ExecutorOrder::kCordon).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(status), "TOO_MANY_CORDONED");
  EXPECT_THAT(Order("ex-1", ExecutorOrder::kDrain), IsOk());
  EXPECT_EQ(List().at(0).state(), Executor::STATE_DRAINING);
  EXPECT_EQ(List().at(2).state(), Executor::STATE_NOT_READY);
}

TEST_F(ExecutorRosterTest, MetricCountsOrders) {
  NewExecutor("ex-1");
  NewExecutor("ex-2");
  ASSERT_THAT(Order("ex-1", ExecutorOrder::kCordon), IsOk());
  ASSERT_THAT(Order("ex-2", ExecutorOrder::kDrain), IsOk());
  EXPECT_EQ(Gauge("airlock_policy_executors_cordoned"), 2);

  ASSERT_THAT(Order("ex-1", ExecutorOrder::kNone), IsOk());
  EXPECT_EQ(Gauge("airlock_policy_executors_cordoned"), 1);
}

TEST_F(ExecutorRosterTest, StatusThatIsTooLargeEndsTheLink) {
  const auto executor = NewExecutor("ex-1");
  ConnectRequest message;
  message.mutable_status()->add_checks()->set_message(
      std::string(33 << 10, 'x'));
  executor->Say(message);

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_EQ(ErrorReason(*executor->closed()), "STATUS_TOO_LARGE");
  EXPECT_TRUE(Only().checks().empty());
}

TEST_F(ExecutorRosterTest, MoreThanAnExecutorSaysOfItselfIsRefused) {
  const auto executor =
      std::make_shared<FakeExecutor>(*dispatcher_, std::string(129, 'e'), 'a');
  executor->Connect();

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_THAT(*executor->closed(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("hello.executor_id")));
  EXPECT_TRUE(Ids().empty());
}

}  // namespace
}  // namespace airlock::policy
