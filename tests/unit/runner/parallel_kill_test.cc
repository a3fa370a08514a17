// A kill beside others: of all that one process started, and of nothing else.
#include "tests/unit/runner/parallel_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

// An id nobody else uses, so that its limit on processes is ours alone.
constexpr uid_t kJobUser = 54322;

class ParallelKillTest : public ParallelTest {
 protected:
  static ProcessSpec Python(const std::string& code) {
    return Command({"/usr/bin/python3", "-c", code});
  }

  // Says "up" and waits; `code` runs besides, in a process of its own.
  static ProcessSpec PythonBeside(const std::string& code) {
    return Python("import os, time\nif os.fork() == 0:\n" + code +
                  "\ntime.sleep(0.5)\nprint('up', flush=True)\n"
                  "time.sleep(1000)\n");
  }

  // Kills what `spec` does, once it said "up", and expects that this ends all
  // of it and nothing of its neighbour.
  void ExpectKilled(ProcessSpec spec) {
    const Running neighbour =
        Start(Shell("setsid sleep 1000 & echo up; sleep 1000"));
    ASSERT_TRUE(neighbour.Says("up"));
    spec.kill_grace = absl::Milliseconds(100);
    const Running victim = Start(std::move(spec));
    ASSERT_TRUE(victim.Says("up"));

    victim.process->Cancel();

    const ProcessEnd end = victim.End();
    EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
    EXPECT_TRUE(end.empty);
    EXPECT_LT(end.wall_time, absl::Seconds(10));
    EXPECT_EQ(neighbour.observer->ends(), 0);
    EXPECT_EQ(Look("ps -e -o comm= | grep -c sleep"), "2\n");
    EXPECT_TRUE(LeavesOnly(4));
  }
};

TEST_F(ParallelKillTest, DaemonThatForksTwiceIsKilled) {
  ExpectKilled(
      Shell("(setsid sh -c 'sleep 1000 & (sleep 1000 &) & wait' &); "
            "sleep 0.3; echo up; wait; sleep 1000"));
}

TEST_F(ParallelKillTest, WhoIgnoresSigtermIsKilled) {
  ExpectKilled(
      Shell("trap '' TERM; (trap '' TERM; sleep 1000) & echo up; "
            "while :; do sleep 0.05; done"));
}

TEST_F(ParallelKillTest, StoppedProcessesAreKilled) {
  ExpectKilled(Shell("sleep 1000 & kill -STOP $!; echo up; kill -STOP $$"));
}

TEST_F(ParallelKillTest, ProcessWhoseFirstThreadEndedIsKilled) {
  // To /proc it looks like a zombie.
  ExpectKilled(PythonBeside(
      "  import threading, ctypes\n"
      "  threading.Thread(target=time.sleep, args=[1000]).start()\n"
      "  ctypes.CDLL(None).syscall(60, 0)\n"));
}

TEST_F(ParallelKillTest, ProcessThatNeverStaysIsKilled) {
  StartRunner({kJobUser, 80});
  // Each forks and ends at once: none lives for long.
  ExpectKilled(
      PythonBeside("  os.setsid()\n"
                   "  while True:\n"
                   "    try:\n"
                   "      if os.fork(): os._exit(0)\n"
                   "    except OSError: pass\n"));
}

TEST_F(ParallelKillTest, ForkBombIsKilledBesideANeighbour) {
  StartRunner({kJobUser, 80});
  ExpectKilled(
      PythonBeside("  while True:\n"
                   "    try: os.fork()\n"
                   "    except OSError: pass\n"));
}

TEST_F(ParallelKillTest, TimeoutKillsTheBackgroundToo) {
  ProcessSpec spec = Shell("setsid sleep 1000 & echo up; sleep 1000");
  spec.timeout = absl::Milliseconds(300);

  const ProcessEnd end = Start(spec).End();

  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_TRUE(end.empty);
  EXPECT_TRUE(LeavesOnly(0));
}

TEST_F(ParallelKillTest, WhatOutlivesTheLeaderOfAKillIsKilledAndCounted) {
  ProcessSpec spec = Shell(
      "trap 'exit 0' TERM; (trap '' TERM; setsid sleep 1000) & "
      "sleep 0.2; echo up; wait");
  spec.kill_grace = absl::Seconds(60);
  const Running victim = Start(spec);
  ASSERT_TRUE(victim.Says("up"));

  victim.process->Cancel();

  const ProcessEnd end = victim.End();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_GE(end.leftover_processes, 1U);
  EXPECT_TRUE(end.empty);
  EXPECT_TRUE(LeavesOnly(0));
}

TEST_F(ParallelKillTest, BackgroundLivesOnAfterItsLeader) {
  const Running leader =
      Start(Shell("setsid sh -c 'while :; do echo x; done' & exit 5"));

  const ProcessEnd end = leader.End();
  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.exit_code, 5);
  EXPECT_EQ(end.leftover_processes, 1U);
  EXPECT_TRUE(end.empty);
  // Nobody waits for the pipes that it holds.
  EXPECT_LT(end.wall_time, absl::Milliseconds(900));
  // It goes on writing, and neither dies of that nor waits.
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(Look("ps -e -o args= | grep -q '^[s]h -c while' && echo yes"),
            "yes\n");
}

TEST_F(ParallelKillTest, WhatTheBackgroundWritesIsReadAndForgotten) {
  // Far more than a pipe holds.
  const Running leader =
      Start(Shell("sh -c 'until [ -e go ]; do sleep 0.01; done; "
                  "head -c 3000000 /dev/zero && touch done' & exit 0"));
  EXPECT_GE(leader.End().leftover_processes, 1U);

  Look("touch go");

  EXPECT_TRUE(Becomes("[ -e done ]"));
  EXPECT_EQ(leader.observer->total(), 0U);
}

TEST_F(ParallelKillTest, KeeperGoesWithTheLastOfTheBackground) {
  Start(Shell("sh -c 'until [ -e go ]; do sleep 0.01; done' &")).End();
  EXPECT_EQ(Look("ps -e -o comm= | grep -c airlock-keeper"), "2\n");

  Look("touch go");

  EXPECT_TRUE(Becomes("[ $(ps -e -o comm= | grep -c airlock-keeper) = 1 ]"));
}

TEST_F(ParallelKillTest, LimitFoundInTheLastBytesEndsTheBackgroundToo) {
  ProcessSpec spec = Shell("setsid sleep 1000 & printf 123456");
  spec.output_limit_bytes = 5;

  const Running loud = Start(spec);

  const ProcessEnd end = loud.End();
  EXPECT_EQ(end.ended_by, EndedBy::kOutputLimit);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(loud.observer->out(), "12345");
  EXPECT_TRUE(LeavesOnly(0));
}

TEST_F(ParallelKillTest, EndOfTheExecutorEndsTheBackground) {
  Start(Shell("setsid sleep 1000 &")).End();
  const int runner = stream_->pid();
  EXPECT_TRUE(LeavesOnly(2));

  stream_->Close();

  EXPECT_TRUE(stream_->WaitExit(absl::Seconds(10)).has_value()) << runner;
}

}  // namespace
}  // namespace airlock::runner
