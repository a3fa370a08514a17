// Processes side by side in a real container: what a kill must reach there,
// and what a sandbox has room for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;
using executor::SandboxSpec;

// How often to look for what should soon be gone.
constexpr int kLooks = 100;

class DockerParallelTest : public DockerTest {
 protected:
  // One of several.
  struct Running {
    std::shared_ptr<ProcessRecorder> recorder;
    std::shared_ptr<executor::SandboxProcess> process;
  };

  void SetUp() override {
    DockerTest::SetUp();
    spec_.parallel = true;
    spec_.pids = 64;
  }

  Running Start(ProcessSpec process) {
    if (sandbox_ == nullptr) sandbox_ = Create(spec_);
    process.parallel = true;
    Running running;
    running.recorder = std::make_shared<ProcessRecorder>();
    running.process = sandbox_->Run(std::move(process), running.recorder);
    return running;
  }
  Running StartPython(const std::string& code) {
    return Start(TestProcess({"python3", "-c", code}));
  }
  // The output of a shell line beside all that runs.
  std::string Look(const std::string& line) {
    const Running look = Start(ShellLine(line));
    look.recorder->WaitEnded();
    return look.recorder->standard_output();
  }

  // Cancels what says "up", and expects that this ends all of it, and nothing
  // of a neighbour.
  void ExpectKilled(const Running& victim) {
    const Running neighbour =
        Start(ShellLine("(setsid sleep 987 &); echo up; exec sleep 600"));
    ASSERT_TRUE(neighbour.recorder->WaitOutput(3));
    ASSERT_TRUE(victim.recorder->WaitOutput(3));

    victim.process->Cancel();

    const ProcessEnd end = victim.recorder->WaitEnded();
    EXPECT_EQ(end.ended_by, EndedBy::kCancelled);
    EXPECT_TRUE(end.empty);
    EXPECT_EQ(neighbour.recorder->ends(), 0);
    // The runner, the neighbour's three, and who looks with its keeper. The
    // victim's keeper tells the end before it is gone itself.
    std::string left;
    for (int i = 0; i < kLooks && left != "6\n"; ++i) {
      left = Look("set -- /proc/[0-9]*; echo $#");
    }
    EXPECT_EQ(left, "6\n");
  }

  SandboxSpec spec_ = TestSpec();
  std::unique_ptr<executor::Sandbox> sandbox_;
};

// Processes with this as their first argument, in whatever container.
int CountOnThisMachine(const std::string& argument) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    std::string word;
    std::getline(file, word, '\0');
    if (std::getline(file, word, '\0') && word == argument) ++count;
  }
  return count;
}

TEST_F(DockerParallelTest, DaemonThatForksTwiceIsKilled) {
  ExpectKilled(
      Start(ShellLine("(setsid sh -c 'sleep 988 & (sleep 988 &) & wait' &); "
                      "sleep 0.3; echo up; sleep 600")));
}

TEST_F(DockerParallelTest, ForkBombIsKilled) {
  // The neighbour comes while there is room.
  const std::string bomb =
      "import os, time\n"
      "time.sleep(1)\n"
      "if os.fork() == 0:\n"
      "  while True:\n"
      "    try: os.fork()\n"
      "    except OSError: pass\n"
      "time.sleep(1)\n"
      "print('up', flush=True)\n"
      "time.sleep(600)\n";

  ExpectKilled(StartPython(bomb));
}

TEST_F(DockerParallelTest, ProcessThatNeverStaysIsKilled) {
  const std::string fleeting =
      "import os, time\n"
      "if os.fork() == 0:\n"
      "  os.setsid()\n"
      "  while True:\n"
      "    try:\n"
      "      if os.fork(): os._exit(0)\n"
      "    except OSError: pass\n"
      "time.sleep(0.5)\n"
      "print('up', flush=True)\n"
      "time.sleep(600)\n";

  ExpectKilled(StartPython(fleeting));
}

TEST_F(DockerParallelTest, EverythingStoppedEndsAtItsTimeout) {
  ProcessSpec sleeper = TestProcess({"sleep", "600"});
  sleeper.timeout = absl::Seconds(2);
  const Running other = Start(sleeper);
  ASSERT_TRUE(other.recorder->WaitStarted());

  const Running stopper = StartPython(
      "import os, signal\nos.kill(-1, signal.SIGSTOP)\nprint('done')\n");

  EXPECT_EQ(stopper.recorder->WaitEnded().exit_code, 0);
  EXPECT_EQ(stopper.recorder->standard_output(), "done\n");
  EXPECT_EQ(other.recorder->WaitEnded().ended_by, EndedBy::kTimedOut);
  EXPECT_TRUE(other.recorder->WaitEnded().empty);
}

TEST_F(DockerParallelTest, KilledKeeperCostsTheSandbox) {
  const Running victim = Start(ShellLine("kill -9 $PPID; exec sleep 600"));

  EXPECT_FALSE(victim.recorder->WaitEnded().empty);
}

TEST_F(DockerParallelTest, KeeperCannotBeReachedFromInside) {
  const Running tried = StartPython(
      "import os, signal\n"
      "def t(name, f):\n"
      "  try: f(); print(name, 'worked')\n"
      "  except OSError as e: print(name, e.errno)\n"
      "keeper = '/proc/%d/' % os.getppid()\n"
      "t('mem', lambda: open(keeper + 'mem', 'rb').close())\n"
      "t('fd', lambda: os.listdir(keeper + 'fd'))\n"
      "t('environ', lambda: open(keeper + 'environ', 'rb').close())\n"
      "os.kill(os.getppid(), signal.SIGTERM)\n"
      "os.kill(os.getppid(), signal.SIGSTOP)\n"
      "print('alive')\n");

  EXPECT_EQ(tried.recorder->WaitEnded().exit_code, 0);
  EXPECT_TRUE(tried.recorder->WaitEnded().empty);
  EXPECT_EQ(tried.recorder->standard_output(),
            "mem 13\nfd 13\nenviron 13\nalive\n");
}

TEST_F(DockerParallelTest, BackgroundGoesWithTheSandbox) {
  const std::string seconds = absl::StrCat("1000", ::getpid());
  const Running leader = Start(ShellLine(
      "setsid sleep " + seconds +
      " & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done; exit 0"));
  EXPECT_EQ(leader.recorder->WaitEnded().leftover_processes, 1U);
  EXPECT_EQ(CountOnThisMachine(seconds), 1);

  EXPECT_THAT(sandbox_->Destroy(Soon()), IsOk());

  EXPECT_EQ(CountOnThisMachine(seconds), 0);
}

TEST_F(DockerParallelTest, KeepersTakeNothingOfTheLimitOnProcesses) {
  spec_.pids = 24;
  std::vector<Running> others;
  for (int i = 0; i < 12; ++i) {
    others.push_back(Start(TestProcess({"sleep", "600"})));
    ASSERT_TRUE(others.back().recorder->WaitStarted());
  }

  const Running counter = StartPython(
      "import os, time\n"
      "n = 1\n"
      "try:\n"
      "  while n < 100:\n"
      "    if os.fork() == 0: time.sleep(600)\n"
      "    n += 1\n"
      "except OSError: pass\n"
      "print(n, flush=True)\n"
      "time.sleep(600)\n");
  ASSERT_TRUE(counter.recorder->WaitOutput(2));

  // Twelve others run: twelve are left at least, and the room for keepers that
  // nobody needed at most.
  const int made = std::stoi(counter.recorder->standard_output());
  EXPECT_GE(made, 12);
  EXPECT_LE(made, 24);
}

TEST_F(DockerParallelTest, AsManyAsAreAllowedRunAtOnce) {
  spec_.pids = executor::Sandbox::kMaxProcesses;
  spec_.memory_bytes = std::uint64_t{512} << 20U;
  ProcessSpec waits = TestProcess({"cat"});
  waits.accepts_later_input = true;
  std::vector<Running> all;
  for (std::size_t i = 0; i < executor::Sandbox::kMaxProcesses; ++i) {
    all.push_back(Start(waits));
  }
  for (const Running& one : all) ASSERT_TRUE(one.recorder->WaitStarted());

  for (const Running& one : all) one.process->AddInput("x", /*end=*/true);

  for (const Running& one : all) {
    EXPECT_EQ(one.recorder->WaitEnded().exit_code, 0);
    EXPECT_EQ(one.recorder->standard_output(), "x");
  }
}

}  // namespace
}  // namespace airlock
