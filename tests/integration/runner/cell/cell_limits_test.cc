// What a cell may use.
#include <string>
#include <vector>

#include "services/executor/sandbox/enforcement.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::SandboxSpec;
using testing::HasSubstr;

using CellLimitsTest = CellTest;

// Sizes as the executor's own test of a sandbox has them.
SandboxSpec ProbedSpec() {
  SandboxSpec spec;
  spec.user = "1000:1000";
  return executor::ProbeSandbox(spec);
}

std::vector<std::string> OptionsOf(const SandboxSpec& spec) {
  return {"--memory", std::to_string(spec.memory_bytes), "--cpu",
          std::to_string(spec.cpu_millis),
          // The runner, and one it is just about to start.
          "--pids", std::to_string(spec.pids + 2), "--workspace",
          std::to_string(spec.workspace_bytes), "--tmp",
          std::to_string(spec.tmp_bytes), "--inodes",
          std::to_string(spec.inodes)};
}

TEST_F(CellLimitsTest, EveryLimitHoldsFromInside) {
  const SandboxSpec spec = ProbedSpec();
  const auto cell = Start(OptionsOf(spec));
  executor::ProcessSpec probe;
  probe.argv = executor::ProbeCommand(spec);
  probe.timeout = absl::Seconds(30);

  cell->Run(probe);

  for (const auto& check : executor::JudgeProbe(spec, cell->observer().out())) {
    EXPECT_TRUE(check.ok) << check.name << ": " << check.message << "\n"
                          << cell->observer().out() << cell->observer().err();
  }
}

TEST_F(CellLimitsTest, MemoryHogIsKilledAndCounted) {
  const auto cell = Start({"--memory", "67108864"});

  cell->Output("exec tail /dev/zero");
  const ProcessEnd end = cell->End();

  EXPECT_EQ(end.ended_by, EndedBy::kOutOfMemory);
  EXPECT_TRUE(end.hit_memory);
  EXPECT_GT(end.peak_memory_bytes, 32U << 20);
  EXPECT_EQ(cell->Output("echo still here"), "still here\n");
}

TEST_F(CellLimitsTest, ForkBombIsStoppedAndCounted) {
  const auto cell = Start({"--pids", "12"});

  const std::string output =
      cell->Output("for i in $(seq 100); do sleep 100 & done");

  EXPECT_THAT(output, HasSubstr("fork"));
  EXPECT_TRUE(cell->End().hit_pids);
  EXPECT_LE(cgroup_.Processes().size(), 12U);
  EXPECT_EQ(cell->Output("echo still here"), "still here\n");
}

TEST_F(CellLimitsTest, FullDiskIsSaid) {
  const auto cell = Start({"--workspace", "1048576", "--tmp", "1048576"});

  EXPECT_THAT(cell->Output("head -c 2000000 /dev/zero > /workspace/x"),
              HasSubstr("No space left"));
  EXPECT_THAT(cell->Output("head -c 2000000 /dev/zero > /tmp/x"),
              HasSubstr("No space left"));
  EXPECT_THAT(cell->Output("head -c 2000000 /dev/zero > /dev/shm/x"),
              HasSubstr("No space left"));
}

TEST_F(CellLimitsTest, MemoryOnDisksCountsAsMemory) {
  const auto cell = Start({"--memory", "33554432", "--workspace", "268435456"});

  cell->Output("exec head -c 200000000 /dev/zero > /workspace/x");

  EXPECT_TRUE(cell->End().hit_memory);
}

TEST_F(CellLimitsTest, NoProcessMayRaiseWhatItGot) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("ulimit -Hn; ulimit -n"), "1024\n1024\n");
  EXPECT_THAT(cell->Output("ulimit -n 4096"), HasSubstr("not permitted"));
  EXPECT_THAT(cell->Output("ulimit -c unlimited"), HasSubstr("not permitted"));
}

TEST_F(CellLimitsTest, CrashLeavesNoCore) {
  const auto cell = Start();
  EXPECT_EQ(cell->Output("sh -c 'ulimit -S -c $(ulimit -H -c); kill -SEGV $$'"
                         " 2>/dev/null; ls -A"),
            "");
  // Neither a file nor what the host may hand dumps to gets one.
  EXPECT_EQ(cell->Output("tr -s ' ' < /proc/self/limits | grep ^Max.core"),
            "Max core file size 1 1 bytes \n");
}

}  // namespace
}  // namespace airlock::runner
