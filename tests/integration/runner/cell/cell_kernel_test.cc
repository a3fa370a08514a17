// What a cell may ask the kernel for.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "services/runner/unique_fd.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

using CellKernelTest = CellTest;

TEST_F(CellKernelTest, NoNewNamespaces) {
  const auto cell = Start();

  for (const char* way : {"unshare-user", "clone-user", "clone-mount-user"}) {
    EXPECT_EQ(OutsideEscape({way}), "done\n") << way;
    EXPECT_EQ(cell->Escape({way}), "EPERM\n") << way;
  }
}

TEST_F(CellKernelTest, NamespacesAreForbiddenBehindTheFilterAsWell) {
  const auto cell = Start();

  for (const char* kind :
       {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    EXPECT_EQ(cell->Output(
                  absl::StrCat("cat /proc/sys/user/max_", kind, "_namespaces")),
              "0\n")
        << kind;
  }
  EXPECT_EQ(cell->Output("cat /proc/sys/user/max_inotify_instances"), "32\n");
}

TEST_F(CellKernelTest, NothingIsMountedOrUncovered) {
  const auto cell = Start();

  EXPECT_EQ(cell->Escape({"mount", "/workspace"}), "EPERM\n");
  EXPECT_EQ(cell->Escape({"umount", "/proc/kcore"}), "EPERM\n");
}

TEST_F(CellKernelTest, NoTracing) {
  const auto cell = Start();

  EXPECT_EQ(OutsideEscape({"ptrace"}), "done\n");
  EXPECT_EQ(cell->Escape({"ptrace"}), "EPERM\n");
}

TEST_F(CellKernelTest, NoKeysAndNoFilesWithoutNames) {
  const auto cell = Start();

  EXPECT_EQ(OutsideEscape({"memory-file"}), "done\n");
  EXPECT_EQ(cell->Escape({"memory-file"}), "ENOSYS\n");
  EXPECT_EQ(cell->Escape({"keyring"}), "EPERM\n");
}

TEST_F(CellKernelTest, WhatTellsOfTheMachineIsCovered) {
  const auto cell = Start();

  EXPECT_NE(OutsideShell("cat /proc/interrupts"), "");
  EXPECT_EQ(cell->Output("cat /proc/interrupts"), "");
  EXPECT_EQ(cell->Output("cat /proc/keys"), "");
  // A null device.
  EXPECT_EQ(cell->Output("stat -c %t,%T /proc/interrupts"), "1,3\n");
  for (const char* path : {"/proc/sys", "/proc/irq", "/proc/sysrq-trigger"}) {
    // Not every kernel has each.
    if (!std::filesystem::exists(path)) continue;
    EXPECT_EQ(cell->Escape({"writable", path}), "EROFS\n") << path;
  }
}

TEST_F(CellKernelTest, NothingOfTheHostComesAlong) {
  ::setenv("AIRLOCK_TEST_SECRET", "plain", 1);
  const auto cell =
      Start({"--leak", AIRLOCK_CELL_ESCAPE, "--name", "searched"});
  ::unsetenv("AIRLOCK_TEST_SECRET");
  ASSERT_FALSE(cgroup_.Processes().empty());
  // The runner, while it waits.
  const std::string runner =
      absl::StrCat("/proc/", cgroup_.Processes().front());

  EXPECT_EQ(std::ifstream(runner + "/environ").peek(), EOF);
  for (const auto& fd : std::filesystem::directory_iterator(runner + "/fd")) {
    EXPECT_NE(std::filesystem::read_symlink(fd), AIRLOCK_CELL_ESCAPE);
  }
  EXPECT_THAT(cell->Output("env"), Not(HasSubstr("SECRET")));
}

TEST_F(CellKernelTest, DescriptorsOfTheHostAreClosedBeforeTheRunnerRuns) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(fifo.c_str(), 0666), 0);
  const UniqueFd script(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  constexpr std::string_view kScript = "ls -l /proc/$$/fd; exit 7\n";
  ASSERT_EQ(::write(script.get(), kScript.data(), kScript.size()),
            static_cast<ssize_t>(kScript.size()));

  // A shell in the place of the runner, which would close them itself.
  ChildProcess host({host_, "--cgroup", cgroup_.name(), "--runner",
                     "/usr/bin/dash", "--uid", std::to_string(kHostUser),
                     "--stdin", fifo, "--leak", AIRLOCK_CELL_ESCAPE});

  EXPECT_EQ(host.WaitExit(absl::Seconds(20)), 7) << host.whole_output();
  EXPECT_THAT(host.whole_output(), HasSubstr(fifo));
  EXPECT_THAT(host.whole_output(), Not(HasSubstr(AIRLOCK_CELL_ESCAPE)));
}

TEST_F(CellKernelTest, RunnerIsProcessOneAndCannotBeOpened) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("cat /proc/1/comm"), "airlock-runner\n");
  EXPECT_THAT(cell->Output("ls /proc/1/fd"), HasSubstr("Permission denied"));
  EXPECT_EQ(cell->Output("kill -9 1; echo alive"), "alive\n");
}

TEST_F(CellKernelTest, KernelPrefersItWhenMemoryRunsOut) {
  const auto cell = Start();

  EXPECT_EQ(cell->Output("cat /proc/self/oom_score_adj"), "1000\n");
  ASSERT_FALSE(cgroup_.Processes().empty());
  std::string score;
  std::ifstream(
      absl::StrCat("/proc/", cgroup_.Processes().front(), "/oom_score_adj")) >>
      score;
  EXPECT_EQ(score, "500");
}

}  // namespace
}  // namespace airlock::runner
