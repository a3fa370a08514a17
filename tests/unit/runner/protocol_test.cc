// An executor that breaks the protocol is told so, and the runner ends.
#include <sys/wait.h>

#include <functional>

#include "tests/unit/runner/raw_runner.h"
#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;

class ProtocolTest : public RealRunnerTest {
 protected:
  // Lets `say` speak to a runner, and expects it to refuse.
  void ExpectRefused(const std::string& message,
                     const std::function<void(RawRunner&)>& say) {
    RawRunner runner(workspace_);
    say(runner);
    const std::optional<v1::FromRunner> error =
        runner.frames().Wait(v1::FromRunner::kProtocolError);
    ASSERT_TRUE(error.has_value()) << message;
    EXPECT_THAT(error->protocol_error().message(), HasSubstr(message));
    const std::optional<int> status =
        runner.stream().WaitExit(absl::Seconds(10));
    ASSERT_TRUE(status.has_value()) << message;
    EXPECT_TRUE(WIFEXITED(*status));
    EXPECT_EQ(WEXITSTATUS(*status), 2) << message;
  }
};

TEST_F(ProtocolTest, FirstFrameMustBeConfigure) {
  ExpectRefused("first frame", [](RawRunner& runner) { runner.Begin(1); });
}

TEST_F(ProtocolTest, OtherVersionIsRefused) {
  ExpectRefused("protocol_version must be 1: got 2", [](RawRunner& runner) {
    v1::ToRunner message;
    message.mutable_configure()->set_protocol_version(2);
    runner.Send(message);
  });
}

TEST_F(ProtocolTest, TooLongAFrameIsRefusedBeforeItComes) {
  ExpectRefused("at most 1048576", [](RawRunner& runner) {
    runner.stream().Write(std::string("\x00\x10\x00\x01", 4));
  });
}

TEST_F(ProtocolTest, NoiseIsRefused) {
  ExpectRefused("malformed", [](RawRunner& runner) {
    runner.stream().Write(std::string("\x00\x00\x00\x02\xff\xff", 6));
  });
}

TEST_F(ProtocolTest, UnknownProcessIsRefused) {
  ExpectRefused("unknown process 5", [](RawRunner& runner) {
    runner.Configure();
    runner.Begin(5);
  });
}

TEST_F(ProtocolTest, NumberUsedTwiceIsRefused) {
  ExpectRefused("must rise", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(3, {"true"});
    runner.Begin(3);
    ASSERT_TRUE(runner.frames().Wait(v1::FromRunner::kEnded));
    runner.Prepare(3, {"true"});
  });
}

TEST_F(ProtocolTest, SecondProcessAtTheSameTimeIsRefused) {
  ExpectRefused("while another", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(1, {"sleep", "100"});
    runner.Begin(1);
    runner.Prepare(2, {"true"});
  });
}

TEST_F(ProtocolTest, SecondStartIsRefused) {
  ExpectRefused("Start must come once", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(1, {"sleep", "100"});
    runner.Begin(1);
    runner.Begin(1);
  });
}

TEST_F(ProtocolTest, ArgumentsAreNeeded) {
  ExpectRefused("argv", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(1, {});
  });
}

TEST_F(ProtocolTest, NulInArgumentsIsRefused) {
  ExpectRefused("NUL", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(1, {std::string("a\0b", 3)});
  });
}

TEST_F(ProtocolTest, InputBeyondItsCreditIsRefused) {
  ExpectRefused("beyond its credit", [](RawRunner& runner) {
    runner.Configure();
    runner.Prepare(1, {"sleep", "100"});
    v1::ToRunner message;
    message.mutable_stdin_chunk()->set_process(1);
    message.mutable_stdin_chunk()->set_data(std::string(262'145, 'x'));
    runner.Send(message);
  });
}

TEST_F(ProtocolTest, FramesForAProcessThatEndedAreIgnored) {
  RawRunner runner(workspace_);
  runner.Configure();
  runner.Prepare(1, {"true"});
  runner.Begin(1);
  ASSERT_TRUE(runner.frames().Wait(v1::FromRunner::kEnded));

  v1::ToRunner message;
  message.mutable_kill()->set_process(1);
  runner.Send(message);
  message.mutable_output_credit()->set_process(1);
  runner.Send(message);
  message.mutable_stdin_chunk()->set_process(1);
  runner.Send(message);
  message.mutable_ping()->set_sequence(9);
  runner.Send(message);

  const std::optional<v1::FromRunner> pong =
      runner.frames().Wait(v1::FromRunner::kPong);
  ASSERT_TRUE(pong.has_value());
  EXPECT_EQ(pong->pong().sequence(), 9U);
}

TEST_F(ProtocolTest, KillBeforeTheStartIsNotStarted) {
  RawRunner runner(workspace_);
  runner.Configure();
  runner.Prepare(1, {"true"});
  v1::ToRunner message;
  message.mutable_kill()->set_process(1);
  runner.Send(message);

  const std::optional<v1::FromRunner> ended =
      runner.frames().Wait(v1::FromRunner::kEnded);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->ended().cause(), v1::Ended::CAUSE_NOT_STARTED);
}

TEST_F(ProtocolTest, InputMayComeBeforeTheStart) {
  RawRunner runner(workspace_);
  runner.Configure();
  runner.Prepare(1, {"cat"});
  v1::ToRunner message;
  message.mutable_stdin_chunk()->set_process(1);
  message.mutable_stdin_chunk()->set_data("early");
  message.mutable_stdin_chunk()->set_end(true);
  runner.Send(message);
  runner.Begin(1);

  const std::optional<v1::FromRunner> output =
      runner.frames().Wait(v1::FromRunner::kOutputChunk);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->output_chunk().data(), "early");
}

TEST_F(ProtocolTest, WorkspaceMustExist) {
  RawRunner runner("/nonexistent");

  const std::optional<int> status = runner.stream().WaitExit(absl::Seconds(10));
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(WEXITSTATUS(*status), 1);
}

}  // namespace
}  // namespace airlock::runner
