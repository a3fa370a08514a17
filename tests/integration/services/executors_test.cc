// What operators see and order of executors, through all three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Executor;

class ExecutorsTest : public testing::Test {
 protected:
  airlock::v1::ListExecutorsResponse List() {
    airlock::v1::ListExecutorsResponse response;
    const grpc::Status status =
        stub_->ListExecutors(Stack::As("olga").get(), {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  // The only executor, once it is as wanted.
  Executor WaitFor(const std::function<bool(const Executor&)>& wanted) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    airlock::v1::ListExecutorsResponse listed;
    while (absl::Now() < give_up) {
      listed = List();
      if (listed.executors_size() == 1 && wanted(listed.executors(0))) {
        return listed.executors(0);
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
    ADD_FAILURE() << "the executor did not become as wanted: "
                  << listed.ShortDebugString();
    return Executor();
  }
  Executor WaitForState(Executor::State state) {
    return WaitFor([state](const Executor& it) { return it.state() == state; });
  }
  absl::Status Cordon(const std::string& id, const std::string& as = "olga") {
    airlock::v1::CordonExecutorRequest request;
    request.set_id(id);
    airlock::v1::CordonExecutorResponse response;
    return FromGrpcStatus(
        stub_->CordonExecutor(Stack::As(as).get(), request, &response));
  }
  absl::Status Uncordon(const std::string& id) {
    airlock::v1::UncordonExecutorRequest request;
    request.set_id(id);
    airlock::v1::UncordonExecutorResponse response;
    return FromGrpcStatus(
        stub_->UncordonExecutor(Stack::As("olga").get(), request, &response));
  }

  Stack stack_;
  std::unique_ptr<airlock::v1::ExecutorService::Stub> stub_ =
      stack_.OperatorClient();
};

TEST_F(ExecutorsTest, ListTellsWhatTheExecutorHas) {
  stack_.StartExecutor("ex1", /*slots=*/3, /*keeps_warm=*/true);
  stack_.WaitReady();

  const Executor told = WaitFor([](const Executor& it) {
    return it.state() == Executor::STATE_READY &&
           it.warm_sandboxes() == it.warm_target();
  });

  EXPECT_THAT(told.id(), testing::StartsWith("ex-"));
  EXPECT_EQ(told.backend(), "docker");
  EXPECT_FALSE(told.version().empty());
  EXPECT_EQ(told.slots(), 3U);
  EXPECT_GT(told.warm_target(), 0U);
  EXPECT_GE(told.sandboxes(), told.warm_sandboxes());
  EXPECT_GE(told.max_sandboxes(), told.sandboxes());
  EXPECT_FALSE(told.checks().empty());
  EXPECT_FALSE(told.images().empty());
  EXPECT_TRUE(told.has_contact_time());
}

TEST_F(ExecutorsTest, CordonHoldsWhenTheExecutorStartsAnew) {
  stack_.StartExecutor("ex1");
  stack_.WaitReady();
  const std::string id = WaitForState(Executor::STATE_READY).id();
  ASSERT_THAT(Cordon(id), IsOk());
  stack_.StopExecutor("ex1");
  WaitForState(Executor::STATE_DISCONNECTED);
  stack_.StartExecutor("ex1");
  EXPECT_EQ(WaitForState(Executor::STATE_CORDONED).id(), id);

  Transcript told;
  std::thread client([&] {
    told = stack_.Execute("ada", Command({"echo", "after"}));
  });
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  airlock::v1::ListExecutionsResponse waiting;
  while (waiting.executions().empty() && absl::Now() < give_up) {
    stack_.Client()->ListExecutions(Stack::As("olga").get(), {}, &waiting);
  }
  ASSERT_EQ(waiting.executions_size(), 1);
  EXPECT_EQ(waiting.executions(0).executor_id(), "");
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 0U);

  ASSERT_THAT(Uncordon(id), IsOk());
  client.join();
  EXPECT_EQ(told.stdout_data, "after\n");
}

TEST_F(ExecutorsTest, DrainLetsWhatRunsEndAndTellsWhenNothingIsLeft) {
  stack_.StartExecutor("ex1");
  stack_.WaitReady();
  const std::string id = WaitForState(Executor::STATE_READY).id();
  Transcript told;
  std::thread client([&] {
    told = stack_.Execute("ada", Command({"sleep", "1"}));
  });
  WaitFor([](const Executor& it) { return it.running() == 1; });

  airlock::v1::DrainExecutorRequest request;
  request.set_id(id);
  airlock::v1::DrainExecutorResponse response;
  const absl::Status drained = FromGrpcStatus(
      stub_->DrainExecutor(Stack::As("olga").get(), request, &response));

  EXPECT_THAT(drained, IsOk());
  EXPECT_EQ(response.executor().state(), Executor::STATE_DRAINING);
  EXPECT_EQ(response.executor().running(), 1U);
  client.join();
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  WaitFor([](const Executor& it) { return it.running() == 0; });
}

TEST_F(ExecutorsTest, ExecutorThatStopsIsToldAsDraining) {
  stack_.StartExecutor("ex1");
  stack_.WaitReady();
  std::thread client([&] { stack_.Execute("ada", Command({"sleep", "1"})); });
  ASSERT_TRUE(stack_.backend("ex1").WaitForStarted(1, absl::Seconds(20)));
  std::thread stopper(
      [&] { stack_.executor("ex1").Drain(absl::Now() + absl::Seconds(20)); });

  EXPECT_EQ(WaitForState(Executor::STATE_DRAINING).running(), 1U);
  client.join();
  stopper.join();
}

TEST_F(ExecutorsTest, UnknownAndEmptyIdsAreRefused) {
  const absl::Status unknown = Cordon("ex-000000000000");
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound,
                                testing::HasSubstr("ex-000000000000")));
  EXPECT_EQ(ErrorReason(unknown), "EXECUTOR_NOT_FOUND");
  const absl::Status empty = Cordon("");
  EXPECT_THAT(empty, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(empty), "INVALID_FIELD");
}

TEST_F(ExecutorsTest, OnlyOperatorsMayCordon) {
  for (const char* other : {"ada", "ann"}) {
    const absl::Status status = Cordon("ex-000000000000", other);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_EQ(ErrorReason(status), "ROLE_NOT_ALLOWED");
  }
}

}  // namespace
}  // namespace airlock
