// Later input on its way through the dispatcher.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Input;
using airlock::internal::v1::Job;
using airlock::v1::Outcome;
using airlock::v1::WriteStdinResponse;

class InputFlowTest : public DispatchFixture {
 protected:
  // A call that still waits is answered while the answer has its place.
  ~InputFlowTest() override { dispatcher_->AbortStreams(); }

  // Asks for a program that reads its input.
  std::shared_ptr<FakeSink> ExecuteCat(const std::string& request_id = "r1",
                                       bool accepts_later_input = true) {
    airlock::v1::ExecuteRequest request;
    request.set_request_id(request_id);
    auto& command = *request.mutable_action()->mutable_system_command();
    command.mutable_argv()->add_args("cat");
    command.mutable_input()->set_accepts_later_input(accepts_later_input);
    return Send("ada", request);
  }
  // Runs the newest job until its process is there.
  static Job StartNewest(FakeExecutor& executor) {
    Job job = RunNewest(executor);
    SayStarted(executor, job);
    return job;
  }
  static void SayStarted(FakeExecutor& executor, const Job& job) {
    ConnectRequest message;
    message.mutable_process_started()->set_execution_id(job.execution_id());
    message.mutable_process_started()->set_fence(job.fence());
    executor.Say(message);
  }
  static void SayCredit(FakeExecutor& executor, const Job& job,
                        std::uint64_t limit, std::uint64_t received) {
    ConnectRequest message;
    auto& credit = *message.mutable_input_credit();
    credit.set_execution_id(job.execution_id());
    credit.set_fence(job.fence());
    credit.set_limit_bytes(limit);
    credit.set_received_bytes(received);
    executor.Say(message);
  }
  void Write(const std::string& id, std::uint64_t offset, std::string data,
             bool close = false, const std::string& agent = "ada") {
    answer_.reset();
    InputWrite write;
    write.id = dispatcher_->NewWrite();
    write.offset = offset;
    write.data = std::move(data);
    write.close = close;
    write.done = [this](auto answer) { answer_ = std::move(answer); };
    last_write_ = write.id;
    dispatcher_->WriteStdin({agent, airlock::v1::PRINCIPAL_ROLE_AGENT}, id,
                            std::move(write));
  }
  std::string Reason() const {
    return answer_.has_value() ? ErrorReason(answer_->status()) : "(waits)";
  }
  static std::vector<Input> Inputs(const FakeExecutor& executor) {
    std::vector<Input> inputs;
    for (const ConnectResponse& message : executor.sent()) {
      if (message.has_input()) inputs.push_back(message.input());
    }
    return inputs;
  }

  std::optional<absl::StatusOr<WriteStdinResponse>> answer_;
  WriteId last_write_ = 0;
};

TEST_F(InputFlowTest, InputGoesToTheExecutorOfTheJob) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  const Job job = StartNewest(*executor);

  Write(client->id(), 0, "abc", true);

  ASSERT_EQ(Inputs(*executor).size(), 1U);
  const Input input = Inputs(*executor)[0];
  EXPECT_EQ(input.execution_id(), client->id());
  EXPECT_EQ(input.fence(), job.fence());
  EXPECT_EQ(input.offset(), 0U);
  EXPECT_EQ(input.data(), "abc");
  EXPECT_TRUE(input.end());
  ASSERT_THAT(*answer_, IsOk());
  EXPECT_EQ((*answer_)->next_offset(), 3U);
  EXPECT_TRUE((*answer_)->closed());
}

TEST_F(InputFlowTest, NothingFlowsBeforeTheProcessRuns) {
  const auto client = ExecuteCat();
  Write(client->id(), 0, "abc");
  const auto executor = NewExecutor("ex-1");
  EXPECT_FALSE(answer_.has_value());
  const Job job = RunNewest(*executor);
  EXPECT_FALSE(answer_.has_value());
  EXPECT_EQ(Inputs(*executor).size(), 0U);

  SayStarted(*executor, job);

  EXPECT_EQ(Inputs(*executor).size(), 1U);
  EXPECT_THAT(*answer_, IsOk());
}

TEST_F(InputFlowTest, ProcessThatIsSaidToRunBeforeItsGrantGetsNothing) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  SayStarted(*executor, executor->jobs().at(0));
  SayCredit(*executor, executor->jobs().at(0), 1000, 0);

  Write(client->id(), 0, "abc");

  EXPECT_EQ(Inputs(*executor).size(), 0U);
  EXPECT_FALSE(answer_.has_value());
  const Job job = RunNewest(*executor);
  SayCredit(*executor, job, 1000, 0);
  EXPECT_EQ(Inputs(*executor).size(), 0U) << "it was said too early";
}

TEST_F(InputFlowTest, CreditLetsTheCallThatWaitsGoOn) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  const Job job = StartNewest(*executor);
  Write(client->id(), 0, std::string(kInputWindow, 'x'));
  Write(client->id(), kInputWindow, "abc");
  EXPECT_FALSE(answer_.has_value());

  SayCredit(*executor, job, kInputWindow + 2, kInputWindow);

  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ((*answer_)->next_offset(), kInputWindow + 2);
  EXPECT_EQ(Inputs(*executor).back().data(), "ab");
}

TEST_F(InputFlowTest, ExecutorThatAcknowledgesWhatWasNotSentIsCutOff) {
  const auto executor = NewExecutor("ex-1");
  ExecuteCat();
  const Job job = StartNewest(*executor);

  SayCredit(*executor, job, kInputWindow, 1);

  ASSERT_TRUE(executor->closed().has_value());
  EXPECT_EQ(ErrorReason(*executor->closed()), "INPUT_NEVER_SENT");
}

TEST_F(InputFlowTest, AnotherAgentsExecutionIsNotFound) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  StartNewest(*executor);

  Write(client->id(), 0, "abc", false, "bob");
  EXPECT_EQ(Reason(), "EXECUTION_NOT_FOUND");
  Write("0123456789abcdef", 0, "abc");
  EXPECT_EQ(Reason(), "EXECUTION_NOT_FOUND");

  EXPECT_EQ(Inputs(*executor).size(), 0U);
}

TEST_F(InputFlowTest, InputThatWasNotDecidedOnIsRefused) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat("r1", /*accepts_later_input=*/false);
  StartNewest(*executor);

  Write(client->id(), 0, "abc");

  EXPECT_EQ(Reason(), "INPUT_NOT_ACCEPTED");
  EXPECT_EQ(Inputs(*executor).size(), 0U);
}

TEST_F(InputFlowTest, EndOfTheExecutionAnswersTheCallThatWaits) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  const Job job = StartNewest(*executor);
  Write(client->id(), 0, std::string(kInputWindow, 'x'));
  Write(client->id(), kInputWindow, "abc");
  store_.Hold();
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  // Nobody learns of the end before it is recorded.
  EXPECT_FALSE(answer_.has_value());

  store_.Release();

  EXPECT_EQ(Reason(), "EXECUTION_ENDED");
  Write(client->id(), 0, "abc");
  EXPECT_EQ(Reason(), "EXECUTION_ENDED");
}

TEST_F(InputFlowTest, CancelBeforeTheStartAnswersTheCallThatWaits) {
  const auto client = ExecuteCat();
  Write(client->id(), 0, "abc");
  EXPECT_FALSE(answer_.has_value());

  ASSERT_THAT(Cancel("ada", client->id()), IsOk());

  EXPECT_EQ(Reason(), "EXECUTION_ENDED");
}

TEST_F(InputFlowTest, CallThatIsGivenUpMakesRoom) {
  const auto client = ExecuteCat();
  Write(client->id(), 0, "abc");
  Write(client->id(), 0, "abc");
  EXPECT_EQ(Reason(), "WRITE_IN_PROGRESS");

  dispatcher_->AbandonWrite(client->id(), last_write_ - 1);

  Write(client->id(), 0, "abc");
  EXPECT_FALSE(answer_.has_value());
}

TEST_F(InputFlowTest, LostLinkMakesCallsWaitAndLosesNothing) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  const Job job = StartNewest(*executor);
  Write(client->id(), 0, "abcdef");
  SayCredit(*executor, job, kInputWindow, 2);
  executor->Disconnect();
  Write(client->id(), 6, "gh", true);
  EXPECT_FALSE(answer_.has_value());

  executor->Connect({Held(job)});

  const std::vector<Input> inputs = Inputs(*executor);
  ASSERT_EQ(inputs.size(), 3U);
  EXPECT_EQ(inputs[1].offset(), 2U);
  EXPECT_EQ(inputs[1].data(), "cdef");
  EXPECT_FALSE(inputs[1].end());
  EXPECT_EQ(inputs[2].offset(), 6U);
  EXPECT_EQ(inputs[2].data(), "gh");
  EXPECT_TRUE(inputs[2].end());
  EXPECT_TRUE((*answer_)->closed());
}

TEST_F(InputFlowTest, AnotherBootEndsTheCallThatWaits) {
  const auto executor = NewExecutor("ex-1");
  const auto client = ExecuteCat();
  StartNewest(*executor);
  executor->Disconnect();
  Write(client->id(), 0, "abc");
  EXPECT_FALSE(answer_.has_value());

  NewExecutor("ex-1", 'b');

  EXPECT_EQ(Reason(), "EXECUTION_ENDED");
}

TEST_F(InputFlowTest, StoppingServiceAnswersTheCallThatWaits) {
  const auto client = ExecuteCat();
  Write(client->id(), 0, "abc");

  dispatcher_->AbortStreams();

  ASSERT_TRUE(answer_.has_value());
  EXPECT_THAT(answer_->status(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace airlock::policy
