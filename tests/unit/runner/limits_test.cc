// Which limits a process met, from the kernel's counters. The counters here
// are files that the process itself moves.
#include <csignal>
#include <fstream>

#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;

class LimitsTest : public RealRunnerTest {
 protected:
  void SetUp() override {
    RealRunnerTest::SetUp();
    cgroup_ = workspace_ + "/cgroup";
    Write("cgroup.controllers", "cpu memory pids");
    Write("memory.events", "oom_kill 3");
    Write("pids.events", "max 3");
    Write("cpu.stat", "usage_usec 1000\nnr_throttled 3");
    Write("memory.peak", "4096");
    StartRunner();
  }

  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(cgroup_);
    std::ofstream(cgroup_ + "/" + name) << text << "\n";
  }
};

TEST_F(LimitsTest, CountersThatDoNotMoveAreNoLimits) {
  const ProcessEnd end = Run(Shell("exit 0"));

  EXPECT_FALSE(end.hit_memory || end.hit_pids || end.hit_cpu);
  EXPECT_EQ(end.peak_memory_bytes, 4096U);
  EXPECT_EQ(end.cpu_time, absl::ZeroDuration());
}

TEST_F(LimitsTest, KilledLeaderAfterAnOomKillIsOutOfMemory) {
  const ProcessEnd end =
      Run(Shell("echo oom_kill 4 > cgroup/memory.events; kill -KILL $$"));

  EXPECT_EQ(end.ended_by, EndedBy::kOutOfMemory);
  EXPECT_TRUE(end.hit_memory);
}

TEST_F(LimitsTest, KilledLeaderWithoutAnOomKillIsASignal) {
  const ProcessEnd end = Run(Shell("kill -KILL $$"));

  EXPECT_EQ(end.ended_by, EndedBy::kSignaled);
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_FALSE(end.hit_memory);
}

TEST_F(LimitsTest, LeaderThatOutlivesAnOomKillExits) {
  const ProcessEnd end =
      Run(Shell("echo oom_kill 4 > cgroup/memory.events; exit 137"));

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(end.exit_code, 137);
  EXPECT_TRUE(end.hit_memory);
}

TEST_F(LimitsTest, OtherCountersAreTold) {
  const ProcessEnd end = Run(
      Shell("echo max 9 > cgroup/pids.events; "
            "printf 'usage_usec 5000\\nnr_throttled 4\\n' > cgroup/cpu.stat"));

  EXPECT_TRUE(end.hit_pids);
  EXPECT_TRUE(end.hit_cpu);
  EXPECT_EQ(end.cpu_time, absl::Milliseconds(4));
}

TEST_F(LimitsTest, WithoutACounterProcessorTimeIsMeasured) {
  std::filesystem::remove(cgroup_ + "/cpu.stat");

  const ProcessEnd end =
      Run(Shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"));

  EXPECT_GT(end.cpu_time, absl::Milliseconds(5));
  EXPECT_LT(end.cpu_time, absl::Seconds(10));
}

}  // namespace
}  // namespace airlock::runner
