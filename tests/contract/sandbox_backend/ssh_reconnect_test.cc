// A connection that is lost, and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

// Its host is there all the time.
TEST_F(SshReconnectTest, ARunnerThatDoesNotAnswerIsNotALostHost) {
  const auto process = Start(TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  for (const pid_t pid : world_.Processes()) kill(pid, SIGSTOP);

  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(process->WaitEnded().reason, "RUNNER_SILENT");
  EXPECT_FALSE(sandbox_->usable());
  EXPECT_THAT(sandbox_->Destroy(Soon()), IsOk());
  EXPECT_THAT(world_.Processes(), testing::IsEmpty());
}

// What became of connections, in their order.
class EventRecorder {
 public:
  void Add(executor::HostLinkEvent event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(event);
  }
  bool Await(const std::vector<executor::HostLinkEvent>& wanted) {
    const auto came = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return events_ == wanted;
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&came), absl::Seconds(20));
  }

 private:
  absl::Mutex mutex_;
  std::vector<executor::HostLinkEvent> events_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(SshReconnectTest, WhatBecomesOfConnectionsIsTold) {
  using executor::HostLinkEvent;
  EventRecorder events;
  executor::SshOptions options = world_.Options();
  options.link.on_event = [&](HostLinkEvent event) { events.Add(event); };
  static const SystemClock clock;
  executor::SshBackend backend(options, clock);
  EXPECT_TRUE(events.Await({HostLinkEvent::kConnected}));

  backend.link().BreakConnection();

  EXPECT_TRUE(events.Await({HostLinkEvent::kConnected, HostLinkEvent::kLost,
                            HostLinkEvent::kResumed}));
}

TEST_F(SshReconnectTest, AHostThatCannotBeReachedIsTold) {
  using executor::HostLinkEvent;
  std::atomic<int> failed = 0;
  std::atomic<int> others = 0;
  executor::SshOptions options = world_.Options();
  options.link.target.username = "nobody-of-that-name";
  options.link.on_event = [&](HostLinkEvent event) {
    ++(event == HostLinkEvent::kFailed ? failed : others);
  };
  static const SystemClock clock;
  executor::SshBackend backend(options, clock);
  for (int i = 0; i < 200 && failed < 2; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
  }

  EXPECT_GE(failed, 2);
  EXPECT_EQ(others, 0);
}

TEST_F(SshReconnectTest, NothingButTheRunnerStaysOfWhoLeaves) {
  const std::filesystem::path folder =
      absl::StrCat(world_.sshd().home(), "/.cache/airlock");
  const auto others = [&] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename();
      if (!absl::StartsWith(name, "airlock-runner-")) names.push_back(name);
    }
    return names;
  };
  EXPECT_THAT(others(), testing::SizeIs(3)) << "while it is there";

  sandbox_ = nullptr;
  backend_ = nullptr;

  for (int i = 0; i < 100 && !others().empty(); ++i) {
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_THAT(others(), testing::IsEmpty());
}

}  // namespace
}  // namespace airlock
