// What holds for processes that run side by side.
#include <gmock/gmock.h>

#include <vector>

#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/sandbox_facts.h"

namespace airlock {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

TEST_P(SandboxFacts, ParallelProcessesRunSideBySide) {
  ProcessSpec cat = TestProcess({"cat"});
  cat.accepts_later_input = true;
  const auto first = RunParallel(cat);
  const auto first_process = process_;
  const auto second = RunParallel(cat);
  const auto second_process = process_;

  second_process->AddInput("two", /*end=*/true);
  EXPECT_EQ(second->WaitEnded().exit_code, 0);
  EXPECT_EQ(first->ends(), 0);
  first_process->AddInput("one", /*end=*/true);

  EXPECT_EQ(first->WaitEnded().exit_code, 0);
  EXPECT_EQ(first->standard_output(), "one");
  EXPECT_EQ(second->standard_output(), "two");
}

TEST_P(SandboxFacts, ParallelProcessesEndForThemselves) {
  const auto other = RunParallel(TestProcess({"sleep", "600"}));
  ProcessSpec late = TestProcess({"sleep", "600"});
  late.timeout = absl::Milliseconds(200);
  ProcessSpec loud = GetParam().write_bytes(100'000);
  loud.output_limit_bytes = 10'000;

  EXPECT_EQ(RunParallel(ShellLine("exit 7"))->WaitEnded().exit_code, 7);
  EXPECT_EQ(RunParallel(late)->WaitEnded().ended_by, EndedBy::kTimedOut);
  EXPECT_EQ(RunParallel(loud)->WaitEnded().ended_by, EndedBy::kOutputLimit);
  EXPECT_EQ(RunParallel(TestProcess({"no-such-command"}))->WaitEnded().ended_by,
            EndedBy::kNotStarted);

  EXPECT_EQ(other->ends(), 0);
}

TEST_P(SandboxFacts, KillOfOneLeavesTheOtherWithItsBackground) {
  const auto first = RunParallel(GetParam().start_daemon());
  const auto first_process = process_;
  const auto second = RunParallel(GetParam().start_daemon());
  ASSERT_TRUE(first->WaitOutput(3));
  ASSERT_TRUE(second->WaitOutput(3));
  EXPECT_EQ(CountBackground(), "2\n");

  first_process->Cancel();

  const ProcessEnd end = first->WaitEnded();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(CountBackground(), "1\n");
  EXPECT_EQ(second->ends(), 0);
}

TEST_P(SandboxFacts, BackgroundOfAParallelProcessLivesOn) {
  const ProcessEnd end = RunParallel(GetParam().leave_behind())->WaitEnded();

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.leftover_processes, 1U);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(CountBackground(), "1\n");
  EXPECT_TRUE(sandbox().usable());
}

TEST_P(SandboxFacts, BackgroundOfALoneProcessDoesNot) {
  const ProcessEnd end = Run(GetParam().leave_behind())->WaitEnded();

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.leftover_processes, 1U);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(CountBackground(), "0\n");
}

TEST_P(SandboxFacts, SlowReaderHoldsUpOnlyItsOwnProcess) {
  ProcessSpec spec = GetParam().write_bytes(1'000'000);
  spec.output_credit_bytes = 1000;
  const auto slow = RunParallel(spec);
  ASSERT_TRUE(slow->WaitOutput(1000));
  spec.output_credit_bytes = 1'000'000;

  const auto fast = RunParallel(spec);

  EXPECT_EQ(fast->WaitEnded().ended_by, EndedBy::kExited);
  EXPECT_EQ(fast->output_bytes(), 1'000'000);
  EXPECT_EQ(slow->output_bytes(), 1000);
  EXPECT_EQ(slow->ends(), 0);
}

TEST_P(SandboxFacts, LoneAndParallelDoNotRunBesideEachOther) {
  const auto parallel = RunParallel(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(parallel->WaitStarted());
  const auto parallel_process = process_;

  const ProcessEnd beside = Run(TestProcess({"echo"}))->WaitEnded();
  parallel_process->Cancel();
  parallel->WaitEnded();
  const auto lone = Run(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(lone->WaitStarted());

  EXPECT_EQ(beside.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(beside.reason, "SANDBOX_BUSY");
  EXPECT_EQ(RunParallel(TestProcess({"echo"}))->WaitEnded().reason,
            "SANDBOX_BUSY");
}

TEST_P(SandboxFacts, DestroyEndsAllParallelProcessesAsLost) {
  std::vector<std::shared_ptr<ProcessRecorder>> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(RunParallel(TestProcess({"sleep", "600"})));
    ASSERT_TRUE(all.back()->WaitStarted());
  }

  EXPECT_TRUE(sandbox().Destroy(absl::Now() + absl::Seconds(30)).ok());

  for (const auto& process : all) {
    EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
  }
}

}  // namespace airlock
