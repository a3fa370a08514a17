// A kill is a kill: whatever a process does, nothing of it is left.
#include <sys/wait.h>

#include <fstream>

#include "tests/unit/runner/raw_runner.h"
#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

// An id nobody else uses, so that its limit on processes is ours alone.
constexpr uid_t kJobUser = 54321;

using KillTest = RealRunnerTest;

TEST_F(KillTest, TimeoutKillsWhoIgnoresSigterm) {
  ProcessSpec spec =
      Shell("trap '' TERM; echo begun; while :; do sleep 0.05; done");
  spec.timeout = absl::Milliseconds(700);
  spec.kill_grace = absl::Milliseconds(200);

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_TRUE(end.empty);
  EXPECT_GE(end.wall_time, absl::Milliseconds(900));
  EXPECT_LT(end.wall_time, absl::Seconds(10));
  EXPECT_EQ(observer_->out(), "begun\n");
  EXPECT_EQ(CountLeft(), 0);
}

TEST_F(KillTest, TimeoutWithinGraceStaysATimeout) {
  ProcessSpec spec = Shell("trap 'echo bye; exit 0' TERM; sleep 60 & wait");
  spec.timeout = absl::Milliseconds(700);
  spec.kill_grace = absl::Seconds(60);

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_LT(end.wall_time, absl::Seconds(15));
  EXPECT_EQ(observer_->out(), "bye\n");
}

TEST_F(KillTest, TimeoutReachesAStoppedProcess) {
  ProcessSpec spec = Shell("kill -STOP $$");
  spec.timeout = absl::Milliseconds(700);
  spec.kill_grace = absl::Seconds(60);

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_LT(end.wall_time, absl::Seconds(15));
}

TEST_F(KillTest, DaemonThatHoldsThePipesDoesNotHoldTheEnd) {
  const ProcessEnd end = Run(Shell("setsid sleep 1000 & echo up; exit 3"));

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_LT(end.wall_time, absl::Seconds(10));
  EXPECT_EQ(end.leftover_processes, 1U);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(observer_->out(), "up\n");
  EXPECT_EQ(CountLeft(), 0);
}

TEST_F(KillTest, OrphansOfAnyDepthAreKilledAndCounted) {
  const ProcessEnd end =
      Run(Shell("(setsid sh -c 'sleep 1000 & (sleep 1000 &) & touch up; wait' "
                "&) ; "
                "until [ -e up ]; do sleep 0.02; done; sleep 0.4"));

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.leftover_processes, 3U);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(CountLeft(), 0);
}

TEST_F(KillTest, ZombiesAreNoLeftovers) {
  // sleep never waits for the child that the shell left to it.
  const ProcessEnd end = Run(Shell("true & exec sleep 0.3"));

  EXPECT_EQ(end.leftover_processes, 0U);
  EXPECT_TRUE(end.empty);
}

TEST_F(KillTest, ForkBombIsOverAtItsTimeout) {
  StartRunner({kJobUser, 80});
  ProcessSpec spec =
      Command({"bash", "-c", "bomb() { bomb | bomb & }; bomb; sleep 60"});
  spec.timeout = absl::Milliseconds(500);
  spec.kill_grace = absl::Milliseconds(100);

  const ProcessEnd end = Run(spec);

  EXPECT_TRUE(end.empty);
  EXPECT_LT(end.wall_time, absl::Seconds(10));
  EXPECT_EQ(CountLeft(), 0);
  EXPECT_EQ(Run(Command({"true"})).exit_code, 0);
}

TEST_F(KillTest, CancelEndsAProcess) {
  Begin(Shell("echo begun; sleep 1000"));
  ASSERT_TRUE(observer_->WaitOutput("begun"));

  process_->Cancel();

  const ProcessEnd end = End();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(observer_->out(), "begun\n");
}

TEST_F(KillTest, SignalsFromInsideDoNotHurtTheRunner) {
  StartRunner({kJobUser, 0});
  const ProcessEnd end = Run(
      Command({"bash", "-c",
               "for s in KILL STOP TERM INT HUP QUIT ABRT SEGV CHLD PIPE USR1 "
               "ALRM; do kill -$s 1; done; kill -9 -1; echo alive"}));

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(observer_->out(), "alive\n");
  EXPECT_EQ(Run(Command({"true"})).exit_code, 0);
}

TEST_F(KillTest, ProcessOfTheSameUserCannotReachIntoTheRunner) {
  StartRunner({kJobUser, 0});

  Run(
      Shell("id -u; cat /proc/1/mem; cat /proc/1/environ; ls /proc/1/fd; "
            "readlink /proc/1/exe; : > /proc/1/oom_score_adj"));

  // Not one of them gave anything.
  EXPECT_EQ(observer_->out(), "54321\n");
  EXPECT_THAT(observer_->err(), testing::HasSubstr("/proc/1/mem: Perm"));
  EXPECT_THAT(observer_->err(), testing::HasSubstr("/proc/1/environ: Perm"));
  EXPECT_THAT(observer_->err(), testing::HasSubstr("'/proc/1/fd': Perm"));
}

TEST_F(KillTest, ProcessOfTheSameUserCannotTraceTheRunner) {
  StartRunner({kJobUser, 0});

  // PTRACE_SEIZE
  const ProcessEnd end =
      Run(Command({"/usr/bin/python3", "-c",
                   "import ctypes, errno\n"
                   "libc = ctypes.CDLL(None, use_errno=True)\n"
                   "assert libc.ptrace(0x4206, 1, None, None) == -1\n"
                   "assert ctypes.get_errno() == errno.EPERM\n"}));

  EXPECT_EQ(end.exit_code, 0) << observer_->err();
}

TEST_F(KillTest, ProcessStillHasAnOrdinaryOomScoreFile) {
  StartRunner({kJobUser, 0});

  EXPECT_EQ(Run(Shell("cat /proc/self/oom_score_adj")).exit_code, 0);

  EXPECT_EQ(observer_->out(), "1000\n");
}

TEST_F(KillTest, SilenceOfTheExecutorEndsEverything) {
  RawRunner runner(workspace_);
  runner.Configure(300);
  runner.Prepare(1, {"sleep", "1000"});
  runner.Begin(1);
  ASSERT_TRUE(runner.frames().Wait(v1::FromRunner::kStarted));

  const std::optional<int> status = runner.stream().WaitExit(absl::Seconds(10));

  // The end of process 1 is the end of its namespace.
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 3);
}

TEST_F(KillTest, EndOfTheExecutorEndsEverything) {
  RawRunner runner(workspace_);
  runner.Configure();
  runner.Prepare(1, {"sleep", "1000"});
  runner.Begin(1);
  ASSERT_TRUE(runner.frames().Wait(v1::FromRunner::kStarted));

  runner.stream().Close();

  const std::optional<int> status = runner.stream().WaitExit(absl::Seconds(10));
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 0);
}

TEST_F(KillTest, AbortTellsThatNobodyKnows) {
  Begin(Shell("echo begun; sleep 1000"));
  ASSERT_TRUE(observer_->WaitOutput("begun"));

  client_->Abort("LEASE_LOST", "the policy service is gone");

  const ProcessEnd end = End();
  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "LEASE_LOST");
  EXPECT_FALSE(end.empty);
}

TEST_F(KillTest, DeathOfTheRunnerEndsTheProcess) {
  Begin(Shell("echo begun; sleep 1000"));
  ASSERT_TRUE(observer_->WaitOutput("begun"));

  ::kill(stream_->pid(), SIGKILL);

  const ProcessEnd end = End();
  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "RUNNER_GONE");
  EXPECT_EQ(Run(Command({"true"})).ended_by, EndedBy::kNotStarted);
}

}  // namespace
}  // namespace airlock::runner
