// Processes side by side: each runs, ends and is killed for itself.
#include <csignal>

#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

class ParallelTest : public RealRunnerTest {
 protected:
  // One of several.
  struct Running {
    std::shared_ptr<executor::SandboxProcess> process;
    std::shared_ptr<RecordingObserver> observer;

    ProcessEnd End() const {
      const auto end = observer->WaitEnd();
      EXPECT_TRUE(end.has_value()) << "no end was told";
      return end.value_or(ProcessEnd{});
    }
  };

  Running Start(ProcessSpec spec) {
    if (!client_) StartRunner();
    spec.parallel = true;
    Running running;
    running.observer = std::make_shared<RecordingObserver>();
    running.process = client_->Run(std::move(spec), running.observer);
    return running;
  }

  // The output of a shell line that runs beside the others.
  std::string Look(const std::string& script) {
    const Running look = Start(Shell(script));
    look.End();
    return look.observer->out();
  }
};

TEST_F(ParallelTest, TwoRunSideBySideWithTheirOwnStreams) {
  const Running first = Start(Shell("mkfifo f; echo one; cat f; exit 3"));
  ASSERT_TRUE(first.observer->WaitOutput("one"));

  // The first one waits for this one.
  const Running second = Start(Shell("echo two > f; echo three >&2; exit 4"));

  EXPECT_EQ(second.End().exit_code, 4);
  EXPECT_EQ(second.observer->out(), "");
  EXPECT_EQ(second.observer->err(), "three\n");
  EXPECT_EQ(first.End().exit_code, 3);
  EXPECT_EQ(first.observer->out(), "one\ntwo\n");
  EXPECT_TRUE(first.End().empty);
}

TEST_F(ParallelTest, KillOfOneLeavesTheOther) {
  const std::string daemon =
      "(setsid sleep 1000 &); sleep 1000 & echo up; wait";
  const Running first = Start(Shell(daemon));
  const Running second = Start(Shell(daemon));
  ASSERT_TRUE(first.observer->WaitOutput("up"));
  ASSERT_TRUE(second.observer->WaitOutput("up"));
  // Two keepers with three processes each.
  EXPECT_EQ(CountLeft(), 8);

  first.process->Cancel();

  const ProcessEnd end = first.End();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(second.observer->ends(), 0);
  EXPECT_EQ(Look("ps -e -o comm= | grep -c sleep"), "2\n");
  second.process->Cancel();
  EXPECT_TRUE(second.End().empty);
}

}  // namespace
}  // namespace airlock::runner
