// What a host keeps has an end, whoever does not read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/contract/sandbox_backend/process_recorder.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::EndedBy;
using executor::ProcessSpec;
using executor::Sandbox;
using testing::Contains;

std::string ReadProc(const std::string& pid, const char* name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/", name));
  return {std::istreambuf_iterator<char>(file), {}};
}

// The most memory it ever had.
std::size_t PeakBytes(const std::string& pid) {
  std::size_t kilobytes = 0;
  for (const absl::string_view line :
       absl::StrSplit(ReadProc(pid, "status"), '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() > 1 && words[0] == "VmHWM:") {
      EXPECT_TRUE(absl::SimpleAtoi(words[1], &kilobytes));
    }
  }
  EXPECT_GT(kilobytes, 0U) << "no process " << pid;
  return kilobytes << 10U;
}

// Processor time it used, user and system, in ticks. Its name has no blanks.
std::string UsedTime(const std::string& pid) {
  const std::vector<std::string> words =
      absl::StrSplit(ReadProc(pid, "stat"), ' ');
  return words.size() < 15 ? "" : words[13] + " " + words[14];
}

class SshBoundsTest : public testing::Test {
 protected:
  std::unique_ptr<Sandbox> Create() {
    executor::SandboxSpec spec = HostSpec();
    spec.parallel = true;
    auto sandbox = backend_->Create(spec, "", Soon(), nullptr);
    EXPECT_THAT(sandbox, IsOk());
    return sandbox.ok() ? *std::move(sandbox) : nullptr;
  }

  static std::shared_ptr<ProcessRecorder> Start(Sandbox& sandbox,
                                                ProcessSpec spec) {
    auto recorder = std::make_shared<ProcessRecorder>();
    spec.parallel = true;
    sandbox.Run(std::move(spec), recorder);
    return recorder;
  }

  // Names of all that runs in cells.
  std::vector<std::string> NamesInCells() const {
    std::vector<std::string> names;
    for (const pid_t pid : world_.Processes()) {
      names.push_back(ReadProc(std::to_string(pid), "comm"));
    }
    return names;
  }

  std::string HostProgram() const {
    return RunTool({"/usr/bin/pgrep", "-o", "-f",
                    "host --executor " + options_.link.executor_id});
  }

  // Until the process has nothing to do, which it has to find out itself.
  static void AwaitRest(const std::string& pid) {
    const absl::Time deadline = absl::Now() + absl::Seconds(8);
    int quiet = 0;
    while (quiet < 10 && absl::Now() < deadline) {
      const std::string before = UsedTime(pid);
      absl::SleepFor(absl::Milliseconds(50));
      quiet = UsedTime(pid) == before ? quiet + 1 : 0;
    }
  }

  SystemClock clock_;
  SshWorld world_;
  const executor::SshOptions options_ = world_.Options();
  std::unique_ptr<executor::SshBackend> backend_ =
      std::make_unique<executor::SshBackend>(options_, clock_);
};

TEST_F(SshBoundsTest, ARunnerThatDoesNotReadCostsItsOwnCellOnly) {
  const auto stuck = Create();
  ASSERT_NE(stuck, nullptr);
  const auto first = Start(*stuck, TestProcess({"sleep", "600"}));
  ASSERT_TRUE(first->WaitStarted());
  for (const pid_t pid : world_.Processes()) kill(pid, SIGSTOP);
  const auto other = Create();
  ASSERT_NE(other, nullptr);

  // More than the 32 MiB that a host keeps for a runner.
  std::vector<std::shared_ptr<ProcessRecorder>> all;
  for (int i = 0; i < 5; ++i) {
    ProcessSpec spec = TestProcess({"true"});
    spec.files.push_back({absl::StrCat("file", i),
                          std::string(std::size_t{8} << 20U, 'x'), 0644});
    all.push_back(Start(*stuck, std::move(spec)));
  }

  EXPECT_EQ(first->WaitEnded().reason, "RUNNER_STUCK");
  EXPECT_EQ(first->WaitEnded().ended_by, EndedBy::kSandboxFailed);
  for (const auto& each : all) {
    EXPECT_EQ(each->WaitEnded().reason, "RUNNER_STUCK");
  }
  EXPECT_FALSE(stuck->usable());
  EXPECT_EQ(Start(*other, ShellLine("exit 4"))->WaitEnded().exit_code, 4);
  EXPECT_THAT(stuck->Destroy(Soon()), IsOk());
}

TEST_F(SshBoundsTest, WhileNobodyIsConnectedProcessesWaitAndNothingIsLost) {
  constexpr int kLast = 12'000'000;
  std::string counted;
  for (int i = 1; i <= kLast; ++i) absl::StrAppend(&counted, i, "\n");
  const auto sandbox = Create();
  ASSERT_NE(sandbox, nullptr);
  ProcessSpec spec = TestProcess({"seq", std::to_string(kLast)});
  spec.output_credit_bytes = std::uint64_t{1} << 30U;
  const auto process = Start(*sandbox, std::move(spec));
  ASSERT_TRUE(process->WaitOutput(1'000'000));

  world_.sshd().Stop();
  const std::string host = HostProgram();
  AwaitRest(host);

  EXPECT_THAT(NamesInCells(), Contains("seq\n"));
  // 8 MiB that nobody acknowledged, twice at most while they are moved.
  EXPECT_LT(PeakBytes(host), std::size_t{32} << 20U);
  world_.sshd().Restart();
  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_TRUE(process->standard_output() == counted);
}

}  // namespace
}  // namespace airlock
