// The executor's end of the wire to a runner that breaks the protocol.
#include "tests/unit/executor/sandbox/runner_client_fixture.h"

namespace airlock::executor {
namespace {

using runner::v1::Ended;
using runner::v1::FromRunner;

using LyingRunnerTest = RunnerClientTest;

TEST_F(LyingRunnerTest, OutputBeyondCreditAndDrainBreaksIt) {
  BeginProcess();
  const std::string piece(64 * 1024, 'x');
  for (int i = 0; i < 32; ++i) SayOutput(piece);
  SayOutput(std::string(100, 'x'));
  ASSERT_EQ(observer_->ends(), 0);

  SayOutput("y");

  ExpectBroken("credit");
  EXPECT_EQ(observer_->total(), 32U * 64 * 1024 + 100);
}

TEST_F(LyingRunnerTest, OutputBeyondItsLimitBreaksIt) {
  ProcessSpec spec = TrueCommand();
  spec.output_limit_bytes = 10;
  BeginProcess(spec);
  SayOutput("0123456789");
  ASSERT_EQ(observer_->ends(), 0);

  SayOutput("x");

  ExpectBroken("limit");
}

TEST_F(LyingRunnerTest, EndedTwiceBreaksIt) {
  BeginProcess();
  SayEnded();
  SayEnded();

  // The first end stands.
  EXPECT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kExited);
  EXPECT_TRUE(wire_->closed);
}

TEST_F(LyingRunnerTest, StartedTwiceBreaksIt) {
  BeginProcess();
  SayStarted();

  ExpectBroken("started twice");
  EXPECT_EQ(observer_->starts(), 1);
}

TEST_F(LyingRunnerTest, OutputBeforeTheStartBreaksIt) {
  SayReady();
  client_->Run(TrueCommand(), observer_);
  SayOutput("x");

  ExpectBroken("before the start");
}

TEST_F(LyingRunnerTest, OutputOfAnotherProcessBreaksIt) {
  BeginProcess();
  SayOutput("x", 1, 2);

  ExpectBroken("process 2");
}

TEST_F(LyingRunnerTest, UnknownStreamBreaksIt) {
  BeginProcess();
  SayOutput("x", 3);

  ExpectBroken("stream 3");
}

TEST_F(LyingRunnerTest, EmptyOutputBreaksIt) {
  BeginProcess();
  SayOutput("");

  ExpectBroken("empty output");
}

TEST_F(LyingRunnerTest, ImpossibleExitCodeBreaksIt) {
  BeginProcess();
  SayEnded(Ended::CAUSE_EXITED, 256);

  ExpectBroken("exit code 256");
}

TEST_F(LyingRunnerTest, CreditForInputThatFallsBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_stdin_credit()->set_process(1);
  message.mutable_stdin_credit()->set_limit_bytes(5);
  Say(message);

  ExpectBroken("input fell");
}

TEST_F(LyingRunnerTest, ReadyTwiceBreaksIt) {
  BeginProcess();
  SayReady();

  ExpectBroken("Ready came twice");
}

TEST_F(LyingRunnerTest, FrameWithoutContentBreaksIt) {
  BeginProcess();
  Say(FromRunner());

  ExpectBroken("unknown frame");
}

TEST_F(LyingRunnerTest, NoiseBreaksIt) {
  BeginProcess();
  wire_->observer->OnData(std::string("\x00\x00\x00\x02\xff\xff", 6));

  ExpectBroken("malformed");
}

TEST_F(LyingRunnerTest, TooLongAFrameBreaksIt) {
  BeginProcess();
  wire_->observer->OnData("\xff\xff\xff\xff");

  ExpectBroken("at most");
}

TEST_F(LyingRunnerTest, ProtocolErrorOfTheRunnerBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_protocol_error()->set_message("Start must come once");
  Say(message);

  ExpectBroken("Start must come once");
}

TEST_F(LyingRunnerTest, PongWithoutPingBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_pong()->set_sequence(1);
  Say(message);

  ExpectBroken("Pong");
}

TEST_F(LyingRunnerTest, NothingIsHeardAfterTheBreak) {
  BeginProcess();
  const std::shared_ptr<ByteStreamObserver> late = wire_->observer;
  SayOutput("x", 9);
  ASSERT_EQ(observer_->ends(), 1);

  late->OnData("\x00\x00");
  late->OnClosed(absl::OkStatus());

  EXPECT_EQ(observer_->ends(), 1);
  EXPECT_EQ(observer_->total(), 0U);
}

TEST_F(LyingRunnerTest, RunnerThatDoesNotAnswerIsGivenUp) {
  BeginProcess();
  client_->Ping();
  clock_.Advance(absl::Seconds(16));
  client_->Ping();

  ASSERT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "RUNNER_SILENT");
}

TEST_F(LyingRunnerTest, RunnerThatAnswersIsKept) {
  BeginProcess();
  for (std::uint64_t i = 1; i <= 10; ++i) {
    client_->Ping();
    FromRunner message;
    message.mutable_pong()->set_sequence(i);
    Say(message);
    clock_.Advance(absl::Seconds(5));
  }

  EXPECT_EQ(observer_->ends(), 0);
}

TEST_F(LyingRunnerTest, RunnerThatDoesNotKeepTheDeadlineIsGivenUp) {
  BeginProcess();
  clock_.Advance(absl::Seconds(200));
  client_->Ping();

  ASSERT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "RUNNER_OVERDUE");
}

TEST_F(LyingRunnerTest, DestructionEndsAProcess) {
  BeginProcess();

  client_.reset();

  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "SANDBOX_CLOSED");
  EXPECT_TRUE(wire_->closed);
}

TEST_F(LyingRunnerTest, AbortSaysItsReason) {
  BeginProcess();

  client_->Abort("CONTAINER_GONE", "removed from outside");

  EXPECT_EQ(End().reason, "CONTAINER_GONE");
  EXPECT_EQ(End().message, "removed from outside");
}

}  // namespace
}  // namespace airlock::executor
