// What a program finds inside, proven by running one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::EndedBy;
using executor::SandboxSpec;
using testing::HasSubstr;
using testing::Not;

using DockerHardeningTest = DockerTest;

TEST_F(DockerHardeningTest, ProcessHasNoPrivilegesAndCannotGainAny) {
  const Finished status =
      Shell("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status");

  for (const char* line :
       {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"}) {
    EXPECT_THAT(status.out, HasSubstr(line));
  }
}

TEST_F(DockerHardeningTest, ProcessRunsAsTheUserOfTheSpecWithoutOtherGroups) {
  SandboxSpec spec = TestSpec();
  spec.user = "12345:23456";

  EXPECT_EQ(Shell("id -u; id -g; id -G", spec).out, "12345\n23456\n23456\n");
}

TEST_F(DockerHardeningTest, OnlyWorkspaceAndTmpCanBeWritten) {
  const Finished written = Shell(
      "for d in / /var/tmp /etc /usr /bin /var /dev /airlock /run /home /opt "
      "/sys "
      "/sys/fs/cgroup /sys/fs/cgroup/memory /proc/sys; do "
      "  (echo x > $d/probe) 2>/dev/null && echo \"writable: $d\"; done; "
      "echo x > /workspace/probe && echo x > /tmp/probe && echo fine");

  EXPECT_EQ(written.out, "fine\n");
}

TEST_F(DockerHardeningTest, ProgramsRunFromTheWorkspaceButNotFromTmp) {
  const Finished ran = Shell(
      "printf '#!/bin/sh\\necho ran\\n' > p; chmod +x p; cp p /tmp/p; "
      "cp p /dev/shm/p; ./p; /tmp/p; /dev/shm/p");

  EXPECT_EQ(ran.out, "ran\n");
}

TEST_F(DockerHardeningTest, SizesAndInodesOfTmpfsAreLimited) {
  SandboxSpec spec = TestSpec();
  spec.workspace_bytes = 4U << 20U;
  spec.tmp_bytes = 8U << 20U;
  spec.inodes = 64;

  const Finished sizes = Shell(
      "df -B1 --output=size,itotal /workspace /tmp | tail -2; "
      "df -B1 --output=size /dev/shm | tail -1; "
      "head -c 5000000 /dev/zero > big; stat -c %s big; rm big; "
      "i=0; while echo > f$i; do i=$((i+1)); done; echo made $i",
      spec);

  EXPECT_THAT(sizes.out, HasSubstr("4194304     64"));
  // /tmp and /dev/shm together are what was asked for.
  EXPECT_THAT(sizes.out, HasSubstr("6291456     64"));
  EXPECT_THAT(sizes.out, HasSubstr("2097152"));
  EXPECT_THAT(sizes.out, HasSubstr("\n4194304\nmade 6"));
}

TEST_F(DockerHardeningTest, WithoutNetworkThereIsOnlyLoopback) {
  EXPECT_EQ(Python("import os; print(os.listdir('/sys/class/net'))").out,
            "['lo']\n");
}

TEST_F(DockerHardeningTest, WithBridgeThereIsANetwork) {
  SandboxSpec spec = TestSpec();
  spec.network_mode = "bridge";

  EXPECT_THAT(
      Python("import os; print(os.listdir('/sys/class/net'))", spec).out,
      HasSubstr("eth0"));
}

TEST_F(DockerHardeningTest, MemoryBeyondTheLimitEndsAsOutOfMemory) {
  SandboxSpec spec = TestSpec();
  spec.memory_bytes = 64U << 20U;

  const Finished eaten = Python("b = b'x' * (200 << 20)", spec);

  EXPECT_EQ(eaten.end.ended_by, EndedBy::kOutOfMemory);
  EXPECT_TRUE(eaten.end.hit_memory);
}

TEST_F(DockerHardeningTest, FilesInTmpfsCountAsMemory) {
  SandboxSpec spec = TestSpec();
  spec.memory_bytes = 32U << 20U;
  spec.workspace_bytes = 128U << 20U;

  EXPECT_NE(Shell("head -c 100000000 /dev/zero > big && echo done", spec).out,
            "done\n");
}

TEST_F(DockerHardeningTest, NoSwapIsUsed) {
  const Finished limits = Shell(
      "cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes "
      "/sys/fs/cgroup/memory.swap.max 2>/dev/null");

  EXPECT_THAT(limits.out, testing::AnyOf("134217728\n", "0\n"));
}

TEST_F(DockerHardeningTest, ProcessesAreLimited) {
  SandboxSpec spec = TestSpec();
  spec.pids = 16;

  const Finished bomb = Python(
      "import subprocess\n"
      "n = 0\n"
      "try:\n"
      "  while n < 100:\n"
      "    subprocess.Popen(['sleep', '60']); n += 1\n"
      "except OSError as e:\n"
      "  print(n, e.errno)\n",
      spec);

  // Python itself is one of the sixteen; one or two are the runner's.
  EXPECT_THAT(bomb.out, testing::AnyOf("15 11\n", "16 11\n"));
  EXPECT_TRUE(bomb.end.hit_pids);
  EXPECT_TRUE(bomb.end.empty);
  EXPECT_GE(bomb.end.leftover_processes, 15U);
}

TEST_F(DockerHardeningTest, ProcessorTimeIsLimited) {
  SandboxSpec spec = TestSpec();
  spec.cpu_millis = 200;

  const Finished burned = Python(
      "import time\n"
      "t = time.monotonic()\n"
      "while time.monotonic() - t < 2: pass\n",
      spec);

  EXPECT_LT(burned.end.cpu_time, absl::Seconds(1.2));
  EXPECT_TRUE(burned.end.hit_cpu);
}

TEST_F(DockerHardeningTest, KernelSecretsAreHidden) {
  const Finished seen = Shell(
      "for f in /proc/kcore /proc/keys /proc/timer_list; do "
      "  head -c 1 $f | wc -c; done; ls /sys/firmware | wc -l; "
      "ls /dev | grep -E 'sd|vd|kvm|fuse|mem|net' | wc -l");

  EXPECT_EQ(seen.out, "0\n0\n0\n0\n0\n");
}

TEST_F(DockerHardeningTest, OpenFilesAndCoreDumpsAreLimited) {
  EXPECT_EQ(Shell("ulimit -n; ulimit -Hn; ulimit -Hc").out, "1024\n1024\n0\n");
}

TEST_F(DockerHardeningTest, EnvironmentIsTheProcessesOwn) {
  executor::ProcessSpec spec = TestProcess({"/usr/bin/env"});
  spec.env = {"ONLY=this"};

  EXPECT_EQ(RunIn(*Create(), std::move(spec)).out, "ONLY=this\n");
}

TEST_F(DockerHardeningTest, RunnerCannotBeReachedFromInside) {
  const Finished tried = Python(
      "import os, signal\n"
      "def t(name, f):\n"
      "  try: f(); print(name, 'worked')\n"
      "  except OSError as e: print(name, e.errno)\n"
      "t('mem', lambda: open('/proc/1/mem', 'rb').close())\n"
      "t('fd', lambda: os.listdir('/proc/1/fd'))\n"
      "t('environ', lambda: open('/proc/1/environ', 'rb').close())\n"
      "os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM)\n"
      "print('alive')\n");

  EXPECT_EQ(tried.out, "mem 13\nfd 13\nenviron 13\nalive\n");
}

TEST_F(DockerHardeningTest, PythonMultiprocessingWorks) {
  const Finished squares = Python(
      "import multiprocessing as m\n"
      "with m.Pool(2) as p: print(p.map(abs, [-1, -2]))\n");

  EXPECT_EQ(squares.out, "[1, 2]\n") << squares.err;
}

TEST_F(DockerHardeningTest, NodeRuns) {
  SandboxSpec spec = TestSpec();
  spec.memory_bytes = 256U << 20U;
  const auto sandbox = Create(spec);

  const Finished ran = RunIn(
      *sandbox, TestProcess({"node", "-e", "console.log([1,2].map(x=>x*2))"}));

  EXPECT_EQ(ran.out, "[ 2, 4 ]\n") << ran.err;
}

}  // namespace
}  // namespace airlock
