// Input that comes after the request.
#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

class JobLaterInputTest : public JobTableTest {
 protected:
  // Starts a program that writes its input.
  void StartCat(RecordingConnection& policy) {
    internal::v1::ExecutionSpec spec =
        MakeCommandSpec("e1", {"cat"}, job_timeout_);
    spec.mutable_action()
        ->mutable_system_command()
        ->mutable_input()
        ->set_accepts_later_input(true);
    job_ = MakeJob(spec, 1);
    Send(job_);
    ASSERT_TRUE(AwaitReady(policy));
    SendGrant(job_);
    ASSERT_TRUE(backend_.WaitForStarted(1, kWait));
  }
  void SendInput(std::uint64_t offset, const std::string& data, bool end) {
    Send([&](internal::v1::ConnectResponse& message) {
      internal::v1::Input& input = *message.mutable_input();
      input.set_execution_id("e1");
      input.set_fence(1);
      input.set_offset(offset);
      input.set_data(data);
      input.set_end(end);
    });
    Settle();
  }
  // What the process wrote until its end.
  static std::string AwaitOutput(RecordingConnection& policy) {
    AwaitEnd(policy);
    return policy.Output(airlock::v1::OUTPUT_STREAM_STDOUT);
  }

  internal::v1::Job job_;
};

TEST_F(JobLaterInputTest, LaterInputReachesTheProcessOnce) {
  const auto policy = Connect();
  StartCat(*policy);

  SendInput(0, "one ", false);
  SendInput(0, "one ", false);
  SendInput(2, "e two ", false);
  SendInput(8, "three", true);
  SendInput(13, "four", true);

  EXPECT_EQ(AwaitEnd(*policy).outcome().exit_code(), 0);
  EXPECT_EQ(AwaitOutput(*policy), "one two three");
}

TEST_F(JobLaterInputTest, StartIsToldOnEachStreamToWhoBringsInput) {
  const auto started = [](const Message& message) {
    return message.has_process_started();
  };
  const auto policy = Connect();
  StartCat(*policy);
  EXPECT_TRUE(policy->Await(started));

  EXPECT_TRUE(Connect()->Await(started));
}

TEST_F(JobLaterInputTest, StartIsNotToldWhereNoInputComes) {
  const auto policy = Connect();
  StartJob(*policy, {"echo", "hi"});
  AwaitEnd(*policy);

  for (const Message& message : policy->messages()) {
    EXPECT_FALSE(message.has_process_started());
  }
}

TEST_F(JobLaterInputTest, GapIsNotTaken) {
  const auto policy = Connect();
  StartCat(*policy);

  SendInput(5, "late", true);
  SendInput(0, "on time", true);

  EXPECT_EQ(AwaitOutput(*policy), "on time");
}

TEST_F(JobLaterInputTest, CreditTellsWhatWasReceived) {
  const auto policy = Connect();
  StartCat(*policy);

  SendInput(0, "12345", false);

  EXPECT_TRUE(policy
                  ->Await([](const Message& message) {
                    return message.input_credit().received_bytes() == 5 &&
                           message.input_credit().limit_bytes() ==
                               SandboxProcess::kFirstInputCredit + 5;
                  })
                  .has_value());
  SendInput(5, "", true);
  EXPECT_EQ(AwaitEnd(*policy).outcome().exit_code(), 0);
}

TEST_F(JobLaterInputTest, InputBeyondItsCreditEndsTheJob) {
  const auto policy = Connect();
  StartCat(*policy);

  SendInput(0, std::string(SandboxProcess::kFirstInputCredit + 1, 'x'), false);

  EXPECT_EQ(AwaitEnd(*policy).outcome().reason(), "INPUT_BEYOND_CREDIT");
}

TEST_F(JobLaterInputTest, InputThatWasNotAskedForEndsTheJob) {
  const auto policy = Connect();
  StartJob(*policy, {"sleep", "60"});
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  SendInput(0, "x", false);

  EXPECT_EQ(AwaitEnd(*policy).outcome().reason(), "INPUT_BEYOND_CREDIT");
}

}  // namespace
}  // namespace airlock::executor
