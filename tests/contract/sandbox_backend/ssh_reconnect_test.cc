// A connection that is lost, and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

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

class SshReconnectTest : public testing::Test {
 protected:
  void SetUp() override {
    auto sandbox = backend_->Create(HostSpec(), "", Soon(), nullptr);
    ASSERT_THAT(sandbox, IsOk());
    sandbox_ = *std::move(sandbox);
  }

  std::shared_ptr<ProcessRecorder> Start(ProcessSpec spec) {
    auto recorder = std::make_shared<ProcessRecorder>();
    process_ = sandbox_->Run(std::move(spec), recorder);
    return recorder;
  }

  // Numbers from 1 on, a line each: what is lost or comes twice is seen.
  static ProcessSpec Count(int last) {
    ProcessSpec spec = TestProcess({"seq", std::to_string(last)});
    spec.output_credit_bytes = std::uint64_t{1} << 30U;
    return spec;
  }
  static std::string Counted(int last) {
    std::string all;
    for (int i = 1; i <= last; ++i) all += std::to_string(i) + "\n";
    return all;
  }

  SshWorld world_;
  std::unique_ptr<executor::SshBackend> backend_ = world_.MakeBackend();
  std::unique_ptr<Sandbox> sandbox_;
  std::shared_ptr<executor::SandboxProcess> process_;
};

TEST_F(SshReconnectTest, NoByteOfOutputIsLostOrComesTwice) {
  constexpr int kLast = 3'000'000;
  const auto process = Start(Count(kLast));
  for (std::uint64_t seen = 1; seen <= 4; ++seen) {
    ASSERT_TRUE(process->WaitOutput(seen * 4'000'000));
    backend_->link().BreakConnection();
  }

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_TRUE(process->standard_output() == Counted(kLast));
}

TEST_F(SshReconnectTest, AServerKilledInTheMiddleOfOutputLosesNoByte) {
  constexpr int kLast = 3'000'000;
  const auto process = Start(Count(kLast));
  for (std::uint64_t seen = 1; seen <= 2; ++seen) {
    ASSERT_TRUE(process->WaitOutput(seen * 4'000'000));
    world_.sshd().Restart();
  }

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_TRUE(process->standard_output() == Counted(kLast));
}

TEST_F(SshReconnectTest, InputGoesOnWhereItWas) {
  ProcessSpec spec = TestProcess({"cat"});
  spec.accepts_later_input = true;
  const auto process = Start(std::move(spec));
  process_->AddInput("before,", /*end=*/false);
  ASSERT_TRUE(process->WaitOutput(7));

  backend_->link().BreakConnection();
  process_->AddInput("after", /*end=*/true);

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output(), "before,after");
}

TEST_F(SshReconnectTest, ASessionOutlivesTheServer) {
  ASSERT_EQ(Start(ShellLine("echo kept >file"))->WaitEnded().exit_code, 0);
  const auto process = Start(ShellLine("sleep 3; cat file"));
  ASSERT_TRUE(process->WaitStarted());

  world_.sshd().Restart();

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output(), "kept\n");
  EXPECT_TRUE(sandbox_->usable());
}

TEST_F(SshReconnectTest, CancelReachesTheProcessLater) {
  const auto process = Start(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  backend_->link().BreakConnection();
  process_->Cancel();

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kCancelled);
}

TEST_F(SshReconnectTest, WithItsHostProgramAProcessIsLostAndTheNextIsNew) {
  const auto process = Start(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  world_.sshd().StopPrograms();

  const EndedBy ended_by = process->WaitEnded().ended_by;
  EXPECT_TRUE(ended_by == EndedBy::kOutcomeUnknown ||
              ended_by == EndedBy::kSandboxFailed);
  EXPECT_FALSE(sandbox_->usable());
  EXPECT_THAT(sandbox_->Destroy(Soon()), IsOk());
  auto next = backend_->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(next, IsOk());
  sandbox_ = *std::move(next);
  EXPECT_EQ(Start(ShellLine("exit 5"))->WaitEnded().exit_code, 5);
}

TEST_F(SshReconnectTest, AStuckConnectionIsLeftForANewOne) {
  const auto process = Start(ShellLine("sleep 9; echo done"));
  ASSERT_TRUE(process->WaitStarted());

  world_.sshd().Freeze();
  absl::SleepFor(absl::Seconds(8));
  world_.sshd().Thaw();

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output(), "done\n");
}

// The machine is away for longer than anything waits.
TEST_F(SshReconnectTest, AHostThatStaysAwayLeavesTheOutcomeUnknown) {
  const auto process = Start(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  world_.sshd().Stop();

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kOutcomeUnknown);
  EXPECT_EQ(process->WaitEnded().reason, "HOST_LOST");
  EXPECT_FALSE(sandbox_->usable());
  world_.sshd().Restart();
  // Nothing of it is left there: the host ended what nobody asked for.
  EXPECT_THAT(sandbox_->Destroy(Soon()), IsOk());
}

}  // namespace
}  // namespace airlock
