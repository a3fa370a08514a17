// The executor's end of the wire to a runner that keeps to the protocol.
#include "tests/unit/executor/sandbox/runner_client_fixture.h"

namespace airlock::executor {
namespace {

using runner::v1::Ended;
using runner::v1::FromRunner;
using runner::v1::ToRunner;
using testing::HasSubstr;

TEST_F(RunnerClientTest, ConfiguresFirst) {
  const std::vector<ToRunner> heard = Heard();

  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].configure().protocol_version(), 1U);
  EXPECT_EQ(heard[0].configure().silence_timeout_ms(), 15'000U);
}

TEST_F(RunnerClientTest, ReadyRunnerIsReady) {
  EXPECT_FALSE(client_->usable());

  SayReady();

  EXPECT_THAT(client_->WaitReady(absl::InfinitePast()), IsOk());
  EXPECT_TRUE(client_->usable());
}

TEST_F(RunnerClientTest, RunnerThatIsGoneIsNotUsableAnyMore) {
  SayReady();
  const std::shared_ptr<ByteStreamObserver> observer = wire_->observer;

  observer->OnClosed(absl::OkStatus());

  EXPECT_FALSE(client_->usable());
}

TEST_F(RunnerClientTest, SilentRunnerIsNotReady) {
  EXPECT_THAT(client_->WaitReady(absl::InfinitePast()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(RunnerClientTest, RunnerThatIsNotInitIsRefused) {
  SayReady(false);

  EXPECT_THAT(
      client_->WaitReady(absl::InfinitePast()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("process 1")));
  EXPECT_TRUE(wire_->closed);
}

TEST_F(RunnerClientTest, OtherProtocolIsRefused) {
  SayReady(true, 2);

  EXPECT_THAT(client_->WaitReady(absl::InfinitePast()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(RunnerClientTest, EndOfTheStreamTellsTheComplaint) {
  wire_->observer->OnDiagnostic("cannot open the workspace\n");
  const std::shared_ptr<ByteStreamObserver> observer = wire_->observer;
  observer->OnClosed(absl::OkStatus());

  EXPECT_THAT(client_->WaitReady(absl::InfinitePast()),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("cannot open the workspace")));
}

TEST_F(RunnerClientTest, DescriptionFilesAndInputAreSentInPieces) {
  SayReady();
  Heard();
  ProcessSpec spec = TrueCommand();
  spec.files = {{"f", std::string(100'000, 'f'), 0600}};
  spec.stdin_data = std::string(300'000, 'i');

  client_->Run(spec, observer_);

  const std::vector<ToRunner> heard = Heard();
  ASSERT_EQ(heard.size(), 1U + 2U + 1U + 4U);
  EXPECT_EQ(heard[0].prepare().process(), 1U);
  EXPECT_EQ(heard[0].prepare().timeout_ms(), 10'000U);
  EXPECT_TRUE(heard[1].file_chunk().first());
  EXPECT_FALSE(heard[2].file_chunk().first());
  EXPECT_EQ(
      heard[1].file_chunk().data().size() + heard[2].file_chunk().data().size(),
      100'000U);
  EXPECT_TRUE(heard[3].has_start());
  // Four full pieces are the first credit.
  EXPECT_EQ(heard[7].stdin_chunk().data().size(), 65'536U);
  EXPECT_FALSE(heard[7].stdin_chunk().end());

  FromRunner credit;
  credit.mutable_stdin_credit()->set_process(1);
  credit.mutable_stdin_credit()->set_limit_bytes(400'000);
  Say(credit);

  const std::vector<ToRunner> more = Heard();
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].stdin_chunk().data().size(), 300'000U - 262'144U);
  EXPECT_TRUE(more[0].stdin_chunk().end());
}

TEST_F(RunnerClientTest, EmptyInputEndsAtOnce) {
  SayReady();
  Heard();

  client_->Run(TrueCommand(), observer_);

  const std::vector<ToRunner> heard = Heard();
  EXPECT_TRUE(heard.back().stdin_chunk().end());
}

TEST_F(RunnerClientTest, CreditOnlyRises) {
  BeginProcess();
  Heard();

  process_->AllowOutput(50);
  EXPECT_EQ(Heard().size(), 0U);
  process_->AllowOutput(500);
  EXPECT_EQ(Heard().at(0).output_credit().limit_bytes(), 500U);
}

TEST_F(RunnerClientTest, CancelIsSentOnce) {
  BeginProcess();
  Heard();

  process_->Cancel();
  process_->Cancel();

  EXPECT_EQ(Heard().size(), 1U);
  SayEnded(Ended::CAUSE_KILLED);
  EXPECT_EQ(End().ended_by, EndedBy::kCancelled);
}

TEST_F(RunnerClientTest, CancelAfterTheEndIsNothing) {
  BeginProcess();
  SayEnded();
  Heard();

  process_->Cancel();

  EXPECT_EQ(Heard().size(), 0U);
}

TEST_F(RunnerClientTest, ObserverMayStartTheNextProcess) {
  SayReady();
  struct Chain final : ProcessObserver {
    void OnStarted() override {}
    void OnOutput(Stream, absl::string_view) override {}
    void OnInputCredit(std::uint64_t) override {}
    void OnEnded(const ProcessEnd&) override { client->Run(spec, next); }
    RunnerClient* client = nullptr;
    ProcessSpec spec;
    std::shared_ptr<ProcessObserver> next;
  };
  auto chain = std::make_shared<Chain>();
  chain->client = client_.get();
  chain->spec = TrueCommand();
  chain->next = observer_;
  client_->Run(TrueCommand(), chain);
  SayStarted(1);

  SayEnded(Ended::CAUSE_EXITED, 0, 1);
  SayStarted(2);
  SayEnded(Ended::CAUSE_EXITED, 3, 2);

  EXPECT_EQ(End().exit_code, 3);
}

TEST_F(RunnerClientTest, SecondProcessAtTheSameTimeIsNotStarted) {
  BeginProcess();
  auto second = std::make_shared<RecordingObserver>();

  client_->Run(TrueCommand(), second);

  EXPECT_EQ(second->WaitEnd(absl::ZeroDuration())->ended_by,
            EndedBy::kNotStarted);
  EXPECT_EQ(second->WaitEnd(absl::ZeroDuration())->reason, "SANDBOX_BUSY");
  EXPECT_EQ(observer_->ends(), 0);
}

TEST_F(RunnerClientTest, ParallelProcessesRunSideBySide) {
  ProcessSpec parallel = TrueCommand();
  parallel.parallel = true;
  BeginProcess(parallel);
  auto second = std::make_shared<RecordingObserver>();
  Heard();

  client_->Run(parallel, second);
  EXPECT_TRUE(Heard().at(0).prepare().parallel());
  SayStarted(2);
  SayOutput("two", 1, 2);
  SayEnded(Ended::CAUSE_EXITED, 5, 2);

  EXPECT_EQ(second->WaitEnd(absl::ZeroDuration())->exit_code, 5);
  EXPECT_EQ(second->out(), "two");
  EXPECT_EQ(observer_->ends(), 0);
  EXPECT_EQ(observer_->out(), "");
}

TEST_F(RunnerClientTest, ParallelProcessDoesNotRunBesideOneAlone) {
  BeginProcess();
  ProcessSpec parallel = TrueCommand();
  parallel.parallel = true;
  auto second = std::make_shared<RecordingObserver>();

  client_->Run(parallel, second);

  EXPECT_EQ(second->WaitEnd(absl::ZeroDuration())->reason, "SANDBOX_BUSY");
}

TEST_F(RunnerClientTest, OneMoreThanTheMostProcessesIsNotStarted) {
  ProcessSpec parallel = TrueCommand();
  parallel.parallel = true;
  SayReady();
  for (std::size_t i = 0; i < Sandbox::kMaxProcesses; ++i) {
    client_->Run(parallel, std::make_shared<RecordingObserver>());
  }

  client_->Run(parallel, observer_);

  EXPECT_EQ(End().reason, "SANDBOX_BUSY");
}

TEST_F(RunnerClientTest, BreakEndsEveryProcess) {
  ProcessSpec parallel = TrueCommand();
  parallel.parallel = true;
  BeginProcess(parallel);
  auto second = std::make_shared<RecordingObserver>();
  client_->Run(parallel, second);

  client_->Abort("GONE", "the engine is gone");

  EXPECT_EQ(End().reason, "GONE");
  EXPECT_EQ(second->WaitEnd(absl::ZeroDuration())->reason, "GONE");
}

TEST_F(RunnerClientTest, LaterInputIsSentWithinItsCreditAndEnds) {
  ProcessSpec spec = TrueCommand();
  spec.accepts_later_input = true;
  BeginProcess(spec);
  Heard();

  process_->AddInput("more", /*end=*/false);
  process_->AddInput("last", /*end=*/true);

  const std::vector<ToRunner> heard = Heard();
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].stdin_chunk().data(), "more");
  EXPECT_FALSE(heard[0].stdin_chunk().end());
  EXPECT_TRUE(heard[1].stdin_chunk().end());
  EXPECT_EQ(observer_->input_credit(), SandboxProcess::kFirstInputCredit + 4);
}

TEST_F(RunnerClientTest, InputThatIsReadSlowlyKeepsItsOrder) {
  ProcessSpec spec = TrueCommand();
  spec.accepts_later_input = true;
  BeginProcess(spec);
  Heard();
  std::string given;
  std::string sent;

  // Always more is given than the process takes.
  std::uint64_t limit = SandboxProcess::kFirstInputCredit;
  for (int i = 0; i < 64; ++i) {
    const std::string piece(40'000 + i, static_cast<char>('a' + i % 26));
    if (given.size() + piece.size() <=
        sent.size() + SandboxProcess::kFirstInputCredit) {
      process_->AddInput(piece, /*end=*/false);
      given += piece;
    }
    FromRunner credit;
    credit.mutable_stdin_credit()->set_process(1);
    credit.mutable_stdin_credit()->set_limit_bytes(limit += 10'000);
    Say(credit);
    for (const ToRunner& message : Heard()) {
      sent += message.stdin_chunk().data();
    }
  }

  EXPECT_LT(sent.size(), given.size());
  EXPECT_EQ(sent, given.substr(0, sent.size()));
}

TEST_F(RunnerClientTest, InputBeyondItsCreditBreaksTheConnection) {
  ProcessSpec spec = TrueCommand();
  spec.accepts_later_input = true;
  BeginProcess(spec);

  process_->AddInput(std::string(SandboxProcess::kFirstInputCredit + 1, 'x'),
                     /*end=*/false);

  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_THAT(End().message, HasSubstr("more input than"));
}

TEST_F(RunnerClientTest, InputThatIsNotAcceptedBreaksTheConnection) {
  BeginProcess();

  process_->AddInput("x", /*end=*/false);

  EXPECT_THAT(End().message, HasSubstr("accepts no more input"));
}

TEST_F(RunnerClientTest, RunBeforeReadyIsNotStarted) {
  client_->Run(TrueCommand(), observer_);

  EXPECT_EQ(End().ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(End().reason, "RUNNER_NOT_READY");
}

TEST_F(RunnerClientTest, SpecThatCanNeverRunIsNotStarted) {
  SayReady();
  Heard();
  std::vector<ProcessSpec> specs(5, TrueCommand());
  specs[0].argv.clear();
  specs[1].timeout = absl::ZeroDuration();
  specs[2].argv.emplace_back("a\0b", 3);
  specs[3].env.emplace_back("A=\0", 3);
  specs[4].argv.emplace_back(2'000'000, 'x');

  for (const ProcessSpec& spec : specs) {
    observer_ = std::make_shared<RecordingObserver>();
    client_->Run(spec, observer_);
    ASSERT_EQ(observer_->ends(), 1);
    EXPECT_EQ(End().ended_by, EndedBy::kNotStarted);
    EXPECT_EQ(End().reason, "START_FAILED");
    EXPECT_TRUE(End().empty);
  }
  EXPECT_EQ(Heard().size(), 0U);
}

}  // namespace
}  // namespace airlock::executor
