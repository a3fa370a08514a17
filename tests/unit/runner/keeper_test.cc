// What a keeper bears from inside, and what it costs to kill it.
#include <algorithm>
#include <csignal>
#include <fstream>

#include "tests/support/sanitized.h"
#include "tests/unit/runner/parallel_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

constexpr uid_t kJobUser = 54323;

// A sanitizer keeps freed memory back on purpose.
constexpr std::int64_t kMostKib = kSanitized ? 40'000 : 256;

class KeeperTest : public ParallelTest {
 protected:
  void SetUp() override {
    ParallelTest::SetUp();
    StartRunner({kJobUser, 0});
  }

  // The most memory that a keeper has for itself alone. One that has just told
  // its end is a child too, and has none.
  std::int64_t KeeperKib() const {
    const std::string runner = std::to_string(stream_->pid());
    std::ifstream children("/proc/" + runner + "/task/" + runner + "/children");
    std::int64_t most = 0;
    for (std::string keeper; children >> keeper;) {
      most = std::max(most, PrivateKib(keeper));
    }
    return most;
  }

 private:
  static std::int64_t PrivateKib(const std::string& pid) {
    std::ifstream memory("/proc/" + pid + "/smaps_rollup");
    std::int64_t sum = 0;
    for (std::string word; memory >> word;) {
      std::int64_t value = 0;
      const bool is_own = word == "Private_Clean:" || word == "Private_Dirty:";
      if (is_own && memory >> value) sum += value;
    }
    return sum;
  }
};

TEST_F(KeeperTest, KilledKeeperIsTold) {
  const Running victim =
      Start(Shell("echo up; kill -9 $PPID; exec sleep 1000"));

  const ProcessEnd end = victim.End();
  EXPECT_EQ(end.ended_by, EndedBy::kSignaled);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_FALSE(end.empty);
  EXPECT_EQ(victim.observer->starts(), 1);
  EXPECT_EQ(victim.observer->out(), "up\n");
  EXPECT_THAT(end.message, testing::HasSubstr("keeper"));
}

TEST_F(KeeperTest, KeeperKilledDuringAKillIsNotEmpty) {
  ProcessSpec spec =
      Shell("trap 'kill -9 $PPID' TERM; echo up; while :; do sleep 0.05; done");
  spec.kill_grace = absl::Seconds(60);
  const Running victim = Start(spec);
  ASSERT_TRUE(victim.Says("up"));

  victim.process->Cancel();

  const ProcessEnd end = victim.End();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_FALSE(end.empty);
}

TEST_F(KeeperTest, KillOfEverythingIsToldByEach) {
  const Running other = Start(Command({"sleep", "1000"}));
  const Running killer = Start(Command({"bash", "-c", "kill -9 -1; exit 3"}));

  EXPECT_FALSE(other.End().empty);
  EXPECT_EQ(other.End().ended_by, EndedBy::kSignaled);
  EXPECT_FALSE(killer.End().empty);
  // The runner itself lives.
  EXPECT_EQ(Start(Shell("exit 7")).End().exit_code, 7);
}

TEST_F(KeeperTest, OtherSignalsDoNotHurtIt) {
  const Running running = Start(Command(
      {"bash", "-c",
       "for s in TERM INT HUP QUIT ABRT SEGV CHLD PIPE USR1 ALRM TSTP TTIN; do "
       "kill -$s $PPID; done; sleep 0.1; echo alive; exit 3"}));

  EXPECT_EQ(running.End().exit_code, 3);
  EXPECT_TRUE(running.End().empty);
  EXPECT_EQ(running.observer->out(), "alive\n");
}

TEST_F(KeeperTest, StoppedKeeperGoesOn) {
  const Running running = Start(Shell("kill -STOP $PPID; echo alive; exit 3"));

  EXPECT_EQ(running.End().exit_code, 3);
  EXPECT_TRUE(running.End().empty);
  EXPECT_EQ(running.observer->out(), "alive\n");
}

TEST_F(KeeperTest, WhoStopsItAllTheTimeIsKilled) {
  const Running victim =
      Start(Shell("echo up; while :; do kill -STOP $PPID; done"));
  ASSERT_TRUE(victim.Says("up"));

  victim.process->Cancel();

  const ProcessEnd end = victim.End();
  EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
  EXPECT_TRUE(end.empty);
}

TEST_F(KeeperTest, EverythingStoppedEndsAtItsTimeout) {
  ProcessSpec spec = Command({"sleep", "1000"});
  spec.timeout = absl::Seconds(1);
  spec.kill_grace = absl::Milliseconds(100);
  const Running other = Start(spec);
  const Running stopper =
      Start(Command({"bash", "-c", "sleep 0.3; kill -STOP -1; exit 3"}));

  EXPECT_EQ(stopper.End().exit_code, 3);
  EXPECT_EQ(other.End().ended_by, EndedBy::kTimedOut);
  EXPECT_TRUE(other.End().empty);
}

TEST_F(KeeperTest, ProcessOfTheSameUserCannotReachIntoIt) {
  const Running running =
      Start(Shell("id -u; cat /proc/$PPID/mem; cat /proc/$PPID/environ; "
                  "ls /proc/$PPID/fd; readlink /proc/$PPID/exe; "
                  ": > /proc/$PPID/oom_score_adj"));

  running.End();
  // Not one of them gave anything.
  EXPECT_EQ(running.observer->out(), "54323\n");
  EXPECT_THAT(running.observer->err(), testing::HasSubstr("/mem: Perm"));
  EXPECT_THAT(running.observer->err(), testing::HasSubstr("/environ: Perm"));
  EXPECT_THAT(running.observer->err(), testing::HasSubstr("/fd': Perm"));
}

TEST_F(KeeperTest, ProcessOfTheSameUserCannotTraceIt) {
  // PTRACE_SEIZE
  const Running running =
      Start(Command({"/usr/bin/python3", "-c",
                     "import ctypes, errno, os\n"
                     "libc = ctypes.CDLL(None, use_errno=True)\n"
                     "assert libc.ptrace(0x4206, os.getppid(), 0, 0) == -1\n"
                     "assert ctypes.get_errno() == errno.EPERM\n"}));

  EXPECT_EQ(running.End().exit_code, 0) << running.observer->err();
}

TEST_F(KeeperTest, KernelKillsTheProcessBeforeItsKeeper) {
  EXPECT_EQ(Look("sleep 0.2; cat /proc/self/oom_score_adj"), "1000\n");
  EXPECT_EQ(Look("cat /proc/$PPID/oom_score_adj"),
            Look("cat /proc/1/oom_score_adj"));
}

TEST_F(KeeperTest, ProcessHoldsNothingOfItsKeeper) {
  EXPECT_EQ(Look("ls /proc/self/fd | tr '\\n' ' '"), "0 1 2 3 ");
}

TEST_F(KeeperTest, KeeperNeedsLittleMemory) {
  ProcessSpec lot = Shell("head -c 20000000 /dev/zero; cat > /dev/null");
  lot.output_credit_bytes = 100'000'000;
  lot.stdin_data = std::string(5'000'000, 'x');
  const Running before = Start(lot);
  const Running kept = Start(Shell("echo up; exec sleep 1000"));
  ASSERT_TRUE(kept.Says("up"));
  const Running after = Start(lot);
  EXPECT_EQ(before.End().exit_code, 0);
  EXPECT_EQ(after.End().exit_code, 0);

  // Of its own, in KiB: what it shares with the runner is no more for it.
  EXPECT_GT(KeeperKib(), 0);
  EXPECT_LT(KeeperKib(), kMostKib);
}

}  // namespace
}  // namespace airlock::runner
