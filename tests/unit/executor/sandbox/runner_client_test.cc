// The executor's end against a runner that says whatever a test likes.
#include "services/executor/sandbox/runner_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "airlock/runner/v1/runner.pb.h"
#include "tests/support/fake_clock.h"
#include "tests/support/recording_observer.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using runner::v1::Ended;
using runner::v1::FromRunner;
using runner::v1::ToRunner;
using testing::HasSubstr;

// What the stream and the test share: the stream may go first.
struct Wire {
  std::shared_ptr<ByteStreamObserver> observer;
  std::string written;
  bool closed = false;
};

// Keeps what is written; delivers nothing by itself.
class FakeByteStream final : public ByteStream {
 public:
  explicit FakeByteStream(std::shared_ptr<Wire> wire)
      : wire_(std::move(wire)) {}
  ~FakeByteStream() override { Close(); }

  void Start(std::shared_ptr<ByteStreamObserver> observer) override {
    wire_->observer = std::move(observer);
  }
  void Write(std::string data) override { wire_->written += data; }
  void Close() override {
    wire_->closed = true;
    const std::shared_ptr<ByteStreamObserver> observer =
        std::exchange(wire_->observer, nullptr);
    if (observer) observer->OnClosed(absl::OkStatus());
  }

 private:
  const std::shared_ptr<Wire> wire_;
};

class RunnerClientTest : public testing::Test {
 protected:
  RunnerClientTest()
      : client_(std::make_unique<RunnerClient>(
            std::make_unique<FakeByteStream>(wire_), clock_)) {}

  void Say(const FromRunner& message) {
    const std::shared_ptr<ByteStreamObserver> observer = wire_->observer;
    if (!observer) return;
    const std::string body = message.SerializeAsString();
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<char>((body.size() >> shift) & 0xff));
    }
    observer->OnData(frame + body);
  }

  void SayReady(bool is_init = true, std::uint32_t version = 1) {
    FromRunner message;
    message.mutable_ready()->set_protocol_version(version);
    message.mutable_ready()->set_is_init(is_init);
    Say(message);
  }

  void SayStarted(std::uint64_t process = 1) {
    FromRunner message;
    message.mutable_started()->set_process(process);
    Say(message);
  }

  void SayOutput(const std::string& data, std::uint32_t stream = 1,
                 std::uint64_t process = 1) {
    FromRunner message;
    message.mutable_output_chunk()->set_process(process);
    message.mutable_output_chunk()->set_stream(stream);
    message.mutable_output_chunk()->set_data(data);
    Say(message);
  }

  void SayEnded(Ended::Cause cause = Ended::CAUSE_EXITED, int exit_code = 0,
                std::uint64_t process = 1) {
    FromRunner message;
    message.mutable_ended()->set_process(process);
    message.mutable_ended()->set_cause(cause);
    message.mutable_ended()->set_exit_code(exit_code);
    Say(message);
  }

  // What was written since the last call, as messages.
  std::vector<ToRunner> Heard() {
    std::vector<ToRunner> messages;
    absl::string_view rest = wire_->written;
    while (rest.size() >= 4) {
      std::size_t size = 0;
      for (int i = 0; i < 4; ++i) {
        size = size << 8 | static_cast<unsigned char>(rest[i]);
      }
      rest.remove_prefix(4);
      messages.emplace_back();
      EXPECT_TRUE(
          messages.back().ParseFromArray(rest.data(), static_cast<int>(size)));
      rest.remove_prefix(size);
    }
    wire_->written.clear();
    return messages;
  }

  static ProcessSpec TrueCommand() {
    ProcessSpec spec;
    spec.argv = {"true"};
    spec.timeout = absl::Seconds(10);
    spec.output_credit_bytes = 100;
    return spec;
  }

  // A client with a started process.
  void BeginProcess(ProcessSpec spec = TrueCommand()) {
    SayReady();
    client_->Run(std::move(spec), observer_);
    SayStarted();
    ASSERT_EQ(observer_->starts(), 1);
  }

  ProcessEnd End() { return observer_->WaitEnd(absl::ZeroDuration()).value(); }

  // Expects that the connection is broken for what the runner said.
  void ExpectBroken(const std::string& why) {
    ASSERT_EQ(observer_->ends(), 1) << why;
    EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
    EXPECT_EQ(End().reason, "RUNNER_PROTOCOL");
    EXPECT_THAT(End().message, HasSubstr(why));
    EXPECT_FALSE(End().empty);
    EXPECT_TRUE(wire_->closed);
  }

  FakeClock clock_;
  std::shared_ptr<Wire> wire_ = std::make_shared<Wire>();
  std::shared_ptr<RecordingObserver> observer_ =
      std::make_shared<RecordingObserver>();
  std::unique_ptr<RunnerClient> client_;
};

TEST_F(RunnerClientTest, ConfiguresFirst) {
  const std::vector<ToRunner> heard = Heard();

  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].configure().protocol_version(), 1U);
  EXPECT_EQ(heard[0].configure().silence_timeout_ms(), 15'000U);
}

TEST_F(RunnerClientTest, ReadyRunnerIsReady) {
  SayReady();

  EXPECT_THAT(client_->WaitReady(absl::InfinitePast()), IsOk());
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

  client_->AllowOutput(50);
  EXPECT_EQ(Heard().size(), 0U);
  client_->AllowOutput(500);
  EXPECT_EQ(Heard().at(0).output_credit().limit_bytes(), 500U);
}

TEST_F(RunnerClientTest, CancelIsSentOnce) {
  BeginProcess();
  Heard();

  client_->Cancel();
  client_->Cancel();

  EXPECT_EQ(Heard().size(), 1U);
  SayEnded(Ended::CAUSE_KILLED);
  EXPECT_EQ(End().ended_by, EndedBy::kCancelled);
}

TEST_F(RunnerClientTest, CancelWithoutAProcessIsNothing) {
  SayReady();
  Heard();

  client_->Cancel();

  EXPECT_EQ(Heard().size(), 0U);
}

TEST_F(RunnerClientTest, ObserverMayStartTheNextProcess) {
  SayReady();
  struct Chain final : ProcessObserver {
    void OnStarted() override {}
    void OnOutput(Stream, absl::string_view) override {}
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
  specs[2].argv.push_back(std::string("a\0b", 3));
  specs[3].env.push_back(std::string("A=\0", 3));
  specs[4].argv.push_back(std::string(2'000'000, 'x'));

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

TEST_F(RunnerClientTest, OutputBeyondCreditAndDrainBreaksIt) {
  BeginProcess();
  const std::string piece(64 * 1024, 'x');
  for (int i = 0; i < 32; ++i) SayOutput(piece);
  SayOutput(std::string(100, 'x'));
  ASSERT_EQ(observer_->ends(), 0);

  SayOutput("y");

  ExpectBroken("credit");
  EXPECT_EQ(observer_->total(), 32U * 64 * 1024 + 100);
}

TEST_F(RunnerClientTest, OutputBeyondItsLimitBreaksIt) {
  ProcessSpec spec = TrueCommand();
  spec.output_limit_bytes = 10;
  BeginProcess(spec);
  SayOutput("0123456789");
  ASSERT_EQ(observer_->ends(), 0);

  SayOutput("x");

  ExpectBroken("limit");
}

TEST_F(RunnerClientTest, EndedTwiceBreaksIt) {
  BeginProcess();
  SayEnded();
  SayEnded();

  // The first end stands.
  EXPECT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kExited);
  EXPECT_TRUE(wire_->closed);
}

TEST_F(RunnerClientTest, StartedTwiceBreaksIt) {
  BeginProcess();
  SayStarted();

  ExpectBroken("started twice");
  EXPECT_EQ(observer_->starts(), 1);
}

TEST_F(RunnerClientTest, OutputBeforeTheStartBreaksIt) {
  SayReady();
  client_->Run(TrueCommand(), observer_);
  SayOutput("x");

  ExpectBroken("before the start");
}

TEST_F(RunnerClientTest, OutputOfAnotherProcessBreaksIt) {
  BeginProcess();
  SayOutput("x", 1, 2);

  ExpectBroken("process 2");
}

TEST_F(RunnerClientTest, UnknownStreamBreaksIt) {
  BeginProcess();
  SayOutput("x", 3);

  ExpectBroken("stream 3");
}

TEST_F(RunnerClientTest, EmptyOutputBreaksIt) {
  BeginProcess();
  SayOutput("");

  ExpectBroken("empty output");
}

TEST_F(RunnerClientTest, ImpossibleExitCodeBreaksIt) {
  BeginProcess();
  SayEnded(Ended::CAUSE_EXITED, 256);

  ExpectBroken("exit code 256");
}

TEST_F(RunnerClientTest, CreditForInputThatFallsBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_stdin_credit()->set_process(1);
  message.mutable_stdin_credit()->set_limit_bytes(5);
  Say(message);

  ExpectBroken("input fell");
}

TEST_F(RunnerClientTest, ReadyTwiceBreaksIt) {
  BeginProcess();
  SayReady();

  ExpectBroken("Ready came twice");
}

TEST_F(RunnerClientTest, FrameWithoutContentBreaksIt) {
  BeginProcess();
  Say(FromRunner());

  ExpectBroken("unknown frame");
}

TEST_F(RunnerClientTest, NoiseBreaksIt) {
  BeginProcess();
  wire_->observer->OnData(std::string("\x00\x00\x00\x02\xff\xff", 6));

  ExpectBroken("malformed");
}

TEST_F(RunnerClientTest, TooLongAFrameBreaksIt) {
  BeginProcess();
  wire_->observer->OnData("\xff\xff\xff\xff");

  ExpectBroken("at most");
}

TEST_F(RunnerClientTest, ProtocolErrorOfTheRunnerBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_protocol_error()->set_message("Start must come once");
  Say(message);

  ExpectBroken("Start must come once");
}

TEST_F(RunnerClientTest, PongWithoutPingBreaksIt) {
  BeginProcess();
  FromRunner message;
  message.mutable_pong()->set_sequence(1);
  Say(message);

  ExpectBroken("Pong");
}

TEST_F(RunnerClientTest, NothingIsHeardAfterTheBreak) {
  BeginProcess();
  const std::shared_ptr<ByteStreamObserver> late = wire_->observer;
  SayOutput("x", 9);
  ASSERT_EQ(observer_->ends(), 1);

  late->OnData("\x00\x00");
  late->OnClosed(absl::OkStatus());

  EXPECT_EQ(observer_->ends(), 1);
  EXPECT_EQ(observer_->total(), 0U);
}

TEST_F(RunnerClientTest, RunnerThatDoesNotAnswerIsGivenUp) {
  BeginProcess();
  client_->Ping();
  clock_.Advance(absl::Seconds(16));
  client_->Ping();

  ASSERT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "RUNNER_SILENT");
}

TEST_F(RunnerClientTest, RunnerThatAnswersIsKept) {
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

TEST_F(RunnerClientTest, RunnerThatDoesNotKeepTheDeadlineIsGivenUp) {
  BeginProcess();
  clock_.Advance(absl::Seconds(200));
  client_->Ping();

  ASSERT_EQ(observer_->ends(), 1);
  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "RUNNER_OVERDUE");
}

TEST_F(RunnerClientTest, DestructionEndsAProcess) {
  BeginProcess();

  client_.reset();

  EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(End().reason, "SANDBOX_CLOSED");
  EXPECT_TRUE(wire_->closed);
}

TEST_F(RunnerClientTest, AbortSaysItsReason) {
  BeginProcess();

  client_->Abort("CONTAINER_GONE", "removed from outside");

  EXPECT_EQ(End().reason, "CONTAINER_GONE");
  EXPECT_EQ(End().message, "removed from outside");
}

}  // namespace
}  // namespace airlock::executor
