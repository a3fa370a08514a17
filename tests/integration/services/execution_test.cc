// The main job and its faults, through all three services.
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

using airlock::v1::ExecuteRequest;
using airlock::v1::Execution;
using airlock::v1::Outcome;

class ExecutionTest : public testing::Test {
 protected:
  void Start(int executors = 1, int slots = 2) {
    for (int i = 1; i <= executors; ++i) {
      stack_.StartExecutor("ex" + std::to_string(i), slots);
    }
    stack_.WaitReady();
  }

  // Begins an execution and returns its id once its process runs.
  std::string Begin(const ExecuteRequest& request) {
    context_ = Stack::As("ada");
    stub_ = stack_.Client();
    reader_ = stub_->Execute(context_.get(), request);
    airlock::v1::ExecuteResponse response;
    EXPECT_TRUE(reader_->Read(&response));
    const std::string id = response.event().accepted().id();
    while (reader_->Read(&response)) {
      if (response.event().state_change().to() == Execution::STATE_RUNNING) {
        break;
      }
    }
    EXPECT_TRUE(stack_.backend("ex1").WaitForStarted(1, absl::Seconds(20)));
    return id;
  }
  absl::Status FinishStream() {
    // gRPC tells the status only after the last message.
    airlock::v1::ExecuteResponse rest;
    while (reader_->Read(&rest)) continue;
    return FromGrpcStatus(reader_->Finish());
  }

  // Blocks until there is exactly one execution, and it is as wanted.
  void WaitForOnlyExecution(
      const std::function<bool(const Execution&)>& wanted) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (absl::Now() < give_up) {
      airlock::v1::ListExecutionsResponse listed;
      stack_.Client()->ListExecutions(Stack::As("olga").get(), {}, &listed);
      if (listed.executions_size() == 1 && wanted(listed.executions(0))) return;
      absl::SleepFor(absl::Milliseconds(5));
    }
    ADD_FAILURE() << "the execution did not become as wanted";
  }

  Stack stack_;
  std::unique_ptr<airlock::v1::ExecutionService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<airlock::v1::ExecuteResponse>> reader_;
};

TEST_F(ExecutionTest, CommandRunsAndItsOutputComesBack) {
  Start();
  const Transcript told =
      stack_.Execute("ada", Command({"echo", "Hello", "from", "sandbox"}));

  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.stdout_data, "Hello from sandbox\n");
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  EXPECT_EQ(told.completed.outcome().usage().stdout_bytes(), 19u);
  EXPECT_TRUE(told.completed.has_start_time());
}

TEST_F(ExecutionTest, CodeRunsByItsInterpreter) {
  Start();
  ExecuteRequest request = Command({});
  auto& code = *request.mutable_action()->mutable_code_exec();
  code.set_language("python");
  code.set_code("echo from code\n");
  const Transcript told = stack_.Execute("ada", request);

  EXPECT_EQ(told.stdout_data, "from code\n");
  const auto processes = stack_.backend("ex1").started_processes();
  ASSERT_EQ(processes.size(), 1u);
  EXPECT_EQ(processes[0].argv.at(0), "python3");
}

TEST_F(ExecutionTest, ExitCodeAndErrorOutputAreTold) {
  Start();
  EXPECT_EQ(stack_.Execute("ada", Command({"exit", "7"}))
                .completed.outcome()
                .exit_code(),
            7);
  EXPECT_EQ(stack_.Execute("ada", Command({"stderr", "oops"})).stderr_data,
            "oops\n");
}

TEST_F(ExecutionTest, StdinReachesTheProcess) {
  Start();
  ExecuteRequest request = Command({"cat"});
  const std::string bytes("a\0b\xff", 4);
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_stdin(bytes);

  EXPECT_EQ(stack_.Execute("ada", request).stdout_data, bytes);
}

TEST_F(ExecutionTest, ManyAtOnceEachRunOnceOnAllExecutors) {
  Start(/*executors=*/2);
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) {
        const std::string word = absl::StrCat(i, "-", n);
        const Transcript told = stack_.Execute("ada", Command({"echo", word}));
        if (told.stdout_data == word + "\n") ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(good, 40);
  const std::size_t first = stack_.backend("ex1").started_processes().size();
  const std::size_t second = stack_.backend("ex2").started_processes().size();
  EXPECT_EQ(first + second, 40u);
  EXPECT_GT(first, 0u);
  EXPECT_GT(second, 0u);
}

TEST_F(ExecutionTest, MuchOutputArrivesWhole) {
  Start();
  const Transcript told = stack_.Execute("ada", Command({"spam", "20000000"}));

  EXPECT_EQ(told.stdout_data.size(), 20'000'000u);
  EXPECT_EQ(told.skipped_bytes, 0u);
}

TEST_F(ExecutionTest, CommandThatIsNotThereIsSaidToBe) {
  Start();
  const Transcript told = stack_.Execute("ada", Command({"no-such-thing"}));

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(told.completed.outcome().reason(), "COMMAND_NOT_FOUND");
}

TEST_F(ExecutionTest, TimeoutEndsIt) {
  Start();
  ExecuteRequest request = Command({"sleep", "60"});
  request.mutable_timeout()->set_nanos(200'000'000);
  const Transcript told = stack_.Execute("ada", request);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_TIMED_OUT);
}

TEST_F(ExecutionTest, CancelEndsARunningOne) {
  Start();
  const std::string id = Begin(Command({"sleep", "60"}));
  airlock::v1::CancelExecutionRequest request;
  request.set_id(id);
  airlock::v1::CancelExecutionResponse response;
  ASSERT_TRUE(
      stub_->CancelExecution(Stack::As("ada").get(), request, &response).ok());
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
}

TEST_F(ExecutionTest, SameRequestIdNeverRunsTwice) {
  Start();
  const ExecuteRequest request = Command({"echo", "once"});
  const Transcript first = stack_.Execute("ada", request);
  const Transcript second = stack_.Execute("ada", request);

  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.stdout_data, "once\n");
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 1u);
}

TEST_F(ExecutionTest, WaitsForAnExecutorToCome) {
  Transcript told;
  std::thread client([&] {
    told = stack_.Execute("ada", Command({"echo", "late"}));
  });
  Start();
  client.join();

  EXPECT_EQ(told.stdout_data, "late\n");
}

TEST_F(ExecutionTest, ClientThatGoesCanComeBackForTheOutput) {
  Start();
  const std::string id = Begin(Command({"sleep", "1"}));
  context_->TryCancel();
  EXPECT_THAT(FinishStream(), StatusIs(absl::StatusCode::kCancelled));
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(ExecutionTest, ClientThatGoesTakesItAlongIfItSaidSo) {
  Start();
  ExecuteRequest request = Command({"sleep", "25"});
  request.set_cancel_on_disconnect(true);
  const std::string id = Begin(request);
  context_->TryCancel();
  FinishStream().IgnoreError();
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
}

TEST_F(ExecutionTest, GatewayThatDiesLosesNothing) {
  Start();
  const std::string id = Begin(Command({"sleep", "3"}));
  stack_.StopGateway();
  EXPECT_FALSE(FinishStream().ok());
  stack_.StartGateway();
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 1u);
}

TEST_F(ExecutionTest, ExecutorThatDiesLeavesTheOutcomeUnknown) {
  Start();
  const std::string id = Begin(Command({"sleep", "25"}));
  stack_.StopExecutor("ex1");
  stack_.StartExecutor("ex1");
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  EXPECT_FALSE(told.completed.outcome().has_exit_code());
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 1u);
}

TEST_F(ExecutionTest, ExecutorThatDiesBeforeTheStartIsReplaced) {
  Start();
  stack_.backend("ex1").HoldCreates(true);
  Transcript told;
  std::thread client([&] {
    told = stack_.Execute("ada", Command({"echo", "moved"}));
  });
  WaitForOnlyExecution([](const Execution& execution) {
    return !execution.executor_id().empty();
  });
  std::thread stopper([&] { stack_.StopExecutor("ex1"); });
  WaitForOnlyExecution([](const Execution& execution) {
    return execution.executor_id().empty();
  });
  stack_.backend("ex1").HoldCreates(false);
  stopper.join();
  stack_.StartExecutor("ex2");
  client.join();

  EXPECT_EQ(told.stdout_data, "moved\n");
  EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 0u);
}

TEST_F(ExecutionTest, PolicyThatDiesTakesRunningOnesAlong) {
  Start();
  Begin(Command({"sleep", "25"}));
  stack_.StopPolicy();
  EXPECT_THAT(FinishStream(), StatusIs(absl::StatusCode::kUnavailable));
  stack_.StartPolicy();
  stack_.WaitReady();

  // The new policy service does not know the job, so it is killed.
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (stack_.backend("ex1").running_processes() > 0 &&
         absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(stack_.backend("ex1").running_processes(), 0);
  EXPECT_EQ(stack_.Execute("ada", Command({"echo", "again"})).stdout_data,
            "again\n");
}

TEST_F(ExecutionTest, LostSandboxIsToldAsThat) {
  Start();
  const std::string id = Begin(Command({"sleep", "25"}));
  stack_.backend("ex1").LoseSandboxes();
  const Transcript told = stack_.Watch("ada", id);

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
}

TEST_F(ExecutionTest, SandboxesAreGoneAfterwards) {
  Start();
  stack_.Execute("ada", Command({"echo", "one"}));
  stack_.Execute("ada", Command({"exit", "1"}));

  EXPECT_TRUE(stack_.backend("ex1").WaitForLiveSandboxes(0, absl::Seconds(20)));
}

TEST_F(ExecutionTest, DrainLetsWhatRunsEnd) {
  Start();
  const std::string id = Begin(Command({"sleep", "1"}));
  stack_.executor("ex1").Drain(absl::Now() + absl::Seconds(20));

  EXPECT_EQ(stack_.Get("ada", id).outcome().ended_by(),
            Outcome::ENDED_BY_EXITED);
}

TEST_F(ExecutionTest, OperatorSeesAllAndAgentsOnlyTheirOwn) {
  Start();
  const Transcript ada = stack_.Execute("ada", Command({"echo", "a"}));
  stack_.Execute("bob", Command({"echo", "b"}));
  airlock::v1::ListExecutionsResponse all;
  ASSERT_TRUE(
      stack_.Client()->ListExecutions(Stack::As("olga").get(), {}, &all).ok());
  airlock::v1::ListExecutionsResponse own;
  ASSERT_TRUE(
      stack_.Client()->ListExecutions(Stack::As("ada").get(), {}, &own).ok());

  EXPECT_EQ(all.executions_size(), 2);
  ASSERT_EQ(own.executions_size(), 1);
  EXPECT_EQ(own.executions(0).id(), ada.id);
  EXPECT_THAT(stack_.Watch("bob", ada.id).status,
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace airlock
