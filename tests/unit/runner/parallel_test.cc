// Processes side by side: each runs and ends for itself.
#include <csignal>
#include <vector>

#include "tests/unit/runner/parallel_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

TEST_F(ParallelTest, TwoRunSideBySideWithTheirOwnStreams) {
  const Running first = Start(Shell("mkfifo f; echo one; cat f; exit 3"));
  ASSERT_TRUE(first.Says("one"));

  // The first one waits for this one.
  const Running second = Start(Shell("echo two > f; echo three >&2; exit 4"));

  EXPECT_EQ(second.End().exit_code, 4);
  EXPECT_EQ(second.observer->out(), "");
  EXPECT_EQ(second.observer->err(), "three\n");
  EXPECT_EQ(first.End().exit_code, 3);
  EXPECT_EQ(first.observer->out(), "one\ntwo\n");
  EXPECT_TRUE(first.End().empty);
}

TEST_F(ParallelTest, SignalOfTheLeaderIsTold) {
  const ProcessEnd end = Start(Shell("kill -SEGV $$")).End();

  EXPECT_EQ(end.ended_by, EndedBy::kSignaled);
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_TRUE(end.empty);
}

TEST_F(ParallelTest, WhatCannotStartLeavesTheOthersAlone) {
  const Running other = Start(Command({"sleep", "1000"}));

  const ProcessEnd unknown = Start(Command({"no-such-command"})).End();
  ProcessSpec lost = Shell("true");
  lost.cwd = "../..";
  const ProcessEnd outside = Start(lost).End();

  EXPECT_EQ(unknown.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(unknown.reason, "COMMAND_NOT_FOUND");
  EXPECT_EQ(unknown.message, "command not found: \"no-such-command\"");
  EXPECT_TRUE(unknown.empty);
  EXPECT_EQ(outside.reason, "BAD_CWD");
  EXPECT_EQ(other.observer->ends(), 0);
  // The other one's keeper and that of who looks.
  EXPECT_EQ(Look("ps -e -o comm= | grep -c airlock-keeper"), "2\n");
}

TEST_F(ParallelTest, StandardInputIsItsOwn) {
  ProcessSpec first = Command({"cat"});
  first.stdin_data = std::string(600'000, 'a');
  first.output_credit_bytes = 10'000'000;
  ProcessSpec second = first;
  second.stdin_data = std::string(700'000, 'b');

  const Running a = Start(first);
  const Running b = Start(second);

  EXPECT_EQ(a.End().exit_code, 0);
  EXPECT_EQ(b.End().exit_code, 0);
  EXPECT_TRUE(a.observer->out() == first.stdin_data);
  EXPECT_TRUE(b.observer->out() == second.stdin_data);
}

TEST_F(ParallelTest, OneWithoutCreditHoldsUpNobody) {
  ProcessSpec spec = Shell("yes");
  spec.output_credit_bytes = 1000;
  const Running slow = Start(spec);
  while (slow.observer->total() < 1000) absl::SleepFor(absl::Milliseconds(1));

  ProcessSpec lot = Shell("head -c 5000000 /dev/zero; exit 6");
  lot.output_credit_bytes = 10'000'000;
  const Running fast = Start(lot);

  EXPECT_EQ(fast.End().exit_code, 6);
  EXPECT_EQ(fast.observer->total(), 5'000'000U);
  EXPECT_EQ(slow.observer->total(), 1000U);
  EXPECT_EQ(slow.observer->ends(), 0);
}

TEST_F(ParallelTest, ManyThatWriteAllGetTheirTurn) {
  StartRunner();
  std::vector<Running> all;
  for (int i = 0; i < 12; ++i) {
    ProcessSpec spec = Shell("head -c 3000000 /dev/zero");
    spec.output_credit_bytes = 10'000'000;
    all.push_back(Start(spec));
  }

  for (const Running& one : all) {
    EXPECT_EQ(one.End().exit_code, 0);
    EXPECT_EQ(one.observer->total(), 3'000'000U);
  }
}

TEST_F(ParallelTest, TimeoutIsItsOwn) {
  const Running other = Start(Command({"sleep", "1000"}));
  ProcessSpec spec = Command({"sleep", "1000"});
  spec.timeout = absl::Milliseconds(200);

  EXPECT_EQ(Start(spec).End().ended_by, EndedBy::kTimedOut);

  EXPECT_EQ(other.observer->ends(), 0);
}

TEST_F(ParallelTest, OutputLimitIsItsOwn) {
  const Running other = Start(Command({"sleep", "1000"}));
  ProcessSpec spec = Shell("yes & yes & wait");
  spec.output_limit_bytes = 100'001;

  const Running loud = Start(spec);

  const ProcessEnd end = loud.End();
  EXPECT_EQ(end.ended_by, EndedBy::kOutputLimit);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(loud.observer->total(), 100'001U);
  EXPECT_EQ(Look("ps -e -o comm= | grep -c yes"), "0\n");
  EXPECT_EQ(other.observer->ends(), 0);
}

TEST_F(ParallelTest, ProcessorTimeIsThatOfItsOwnFamily) {
  const Running busy =
      Start(Shell("echo up; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; "
                  "(i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done)"));
  ASSERT_TRUE(busy.Says("up"));

  const ProcessEnd idle = Start(Shell("sleep 0.2")).End();

  EXPECT_GT(busy.End().cpu_time, absl::Milliseconds(20));
  EXPECT_LT(idle.cpu_time, busy.End().cpu_time / 2);
}

TEST_F(ParallelTest, AsManyAsAreAllowedRunAtOnce) {
  // Less than the runner needs for so many.
  StartRunner({.open_files = 1024, .most_open_files = 2048});
  ProcessSpec waits = Shell("ulimit -n; ulimit -Hn; cat");
  waits.accepts_later_input = true;
  std::vector<Running> all;
  for (std::size_t i = 0; i < executor::Sandbox::kMaxProcesses; ++i) {
    all.push_back(Start(waits));
  }

  for (const Running& one : all) {
    ASSERT_TRUE(one.Says("1024\n1024\n"));
    one.process->AddInput("", /*end=*/true);
  }

  for (const Running& one : all) EXPECT_EQ(one.End().exit_code, 0);
  EXPECT_EQ(Start(Shell("exit 9")).End().exit_code, 9);
}

TEST_F(ParallelTest, BackgroundsTakeTheirPlaceOfTheMostThatMayRun) {
  EXPECT_EQ(Start(Shell("exec sleep 1000 &")).End().exit_code, 0);
  std::vector<Running> all;
  for (std::size_t i = 1; i < executor::Sandbox::kMaxProcesses; ++i) {
    all.push_back(Start(Command({"sleep", "1000"})));
  }

  const ProcessEnd end = Start(Command({"true"})).End();

  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "START_FAILED");
  EXPECT_THAT(end.message, testing::HasSubstr("in the background"));
}

TEST_F(ParallelTest, OneAloneMayFollowAndSweepsTheSandbox) {
  EXPECT_EQ(Start(Shell("setsid sleep 1000 & exit 0")).End().exit_code, 0);

  const ProcessEnd end = Run(Shell("exit 3"));

  EXPECT_EQ(end.exit_code, 3);
  EXPECT_TRUE(end.empty);
  EXPECT_TRUE(LeavesOnly(0));
}

}  // namespace
}  // namespace airlock::runner
