// What happens to a sandbox when the world around it breaks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/docker_sandbox.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::DockerBackend;
using executor::EndedBy;
using executor::ProcessEnd;
using executor::SandboxSpec;
using testing::HasSubstr;

class DockerFaultsTest : public DockerTest {
 protected:
  // Runs something long and waits until it does.
  static std::shared_ptr<ProcessRecorder> RunLong(executor::Sandbox& sandbox) {
    auto process = std::make_shared<ProcessRecorder>();
    sandbox.Run(TestProcess({"sleep", "600"}), process);
    EXPECT_TRUE(process->WaitStarted());
    return process;
  }

  static std::string IdOf(executor::Sandbox& sandbox) {
    return dynamic_cast<executor::DockerSandbox&>(sandbox).container();
  }

  std::vector<executor::ContainerSummary> Ours() {
    auto ours = containers_->ListByLabel(
        "airlock.executor_id=" + options_.executor_id, Soon());
    EXPECT_THAT(ours, IsOk());
    return *std::move(ours);
  }

  void Kill(const std::string& container) {
    EXPECT_THAT(engine_->Call({.method = "POST",
                               .path = "/containers/" + container + "/kill"},
                              Soon()),
                IsOk());
  }
};

TEST_F(DockerFaultsTest, ContainerRemovedFromOutsideEndsTheProcess) {
  const auto sandbox = Create();
  const auto process = RunLong(*sandbox);

  EXPECT_THAT(containers_->Remove(IdOf(*sandbox), Soon()), IsOk());

  const ProcessEnd end = process->WaitEnded();
  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_THAT(end.reason,
              testing::AnyOf("CONTAINER_REMOVED", "CONTAINER_EXITED"));
  EXPECT_TRUE(end.empty);
  EXPECT_FALSE(sandbox->usable());
  EXPECT_THAT(sandbox->Destroy(Soon()), IsOk());
}

TEST_F(DockerFaultsTest, KilledContainerEndsTheProcessWithItsExitCode) {
  const auto sandbox = Create();
  const auto process = RunLong(*sandbox);

  Kill(IdOf(*sandbox));

  const ProcessEnd end = process->WaitEnded();
  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "CONTAINER_EXITED");
  EXPECT_THAT(end.message, HasSubstr("137"));
  EXPECT_TRUE(end.empty);
}

TEST_F(DockerFaultsTest, DestroyLeavesNoContainer) {
  auto sandbox = Create();
  ASSERT_EQ(Ours().size(), 1);

  EXPECT_THAT(sandbox->Destroy(Soon()), IsOk());

  EXPECT_TRUE(Ours().empty());
}

TEST_F(DockerFaultsTest, SandboxThatIsDroppedLeavesNoContainer) {
  Create().reset();

  EXPECT_TRUE(Ours().empty());
}

TEST_F(DockerFaultsTest, OutputNobodyTakesDoesNotHoldRemoval) {
  const auto sandbox = Create();
  auto process = std::make_shared<ProcessRecorder>();
  executor::ProcessSpec spec = TestProcess({"cat", "/dev/zero"});
  spec.output_credit_bytes = 1000;
  sandbox->Run(std::move(spec), process);
  ASSERT_TRUE(process->WaitOutput(1000));

  const absl::Time before = absl::Now();
  EXPECT_THAT(sandbox->Destroy(Soon()), IsOk());

  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
}

TEST_F(DockerFaultsTest, OnlyLeftoversOfOwnOlderBootsAreRemoved) {
  const auto current = Create();
  executor::DockerOptions other_options = TestOptions();
  auto other = DockerBackend::Open(other_options);
  ASSERT_THAT(other, IsOk());
  auto stranger = (*other)->Create(TestSpec(), "stranger", Soon(), nullptr);
  ASSERT_THAT(stranger, IsOk());
  // The same executor, an older boot: its sandbox is a leftover.
  executor::DockerOptions old_options = options_;
  old_options.boot = "older";
  auto old = DockerBackend::Open(old_options);
  ASSERT_THAT(old, IsOk());
  auto leftover = (*old)->Create(TestSpec(), "leftover", Soon(), nullptr);
  ASSERT_THAT(leftover, IsOk());

  EXPECT_EQ(*backend_->RemoveLeftovers(Soon()), 1);

  EXPECT_THAT(containers_->Inspect(IdOf(**leftover), Soon()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(RunIn(*current, ShellLine("exit 3")).end.exit_code, 3);
  EXPECT_EQ(RunIn(**stranger, ShellLine("exit 4")).end.exit_code, 4);
  EXPECT_EQ(*backend_->RemoveLeftovers(Soon()), 0);
}

TEST_F(DockerFaultsTest, RefusedRuntimeLeavesNoContainer) {
  SandboxSpec spec = TestSpec();
  spec.runtime = "no-such-runtime";

  EXPECT_THAT(backend_->Create(spec, "x", Soon(), nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no-such-runtime")));
  EXPECT_TRUE(Ours().empty());
}

TEST_F(DockerFaultsTest, MemoryBelowTheEnginesMinimumIsRefused) {
  SandboxSpec spec = TestSpec();
  spec.memory_bytes = 1U << 20U;

  EXPECT_THAT(
      backend_->Create(spec, "x", Soon(), nullptr),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("memory limit")));
}

TEST_F(DockerFaultsTest, CreateThatRunsOutOfTimeLeavesNoContainer) {
  // Warm, so that the time goes into the container itself.
  Create().reset();

  EXPECT_THAT(backend_->Create(TestSpec(), "x",
                               absl::Now() + absl::Milliseconds(40), nullptr),
              StatusIs(absl::StatusCode::kDeadlineExceeded));

  const absl::Time until = Soon();
  while (!Ours().empty() && absl::Now() < until) {
    absl::SleepFor(absl::Milliseconds(50));
  }
  EXPECT_TRUE(Ours().empty());
}

TEST_F(DockerFaultsTest, PullThatReachesNoRegistryIsSaidInTheEnginesWords) {
  SandboxSpec spec = TestSpec();
  spec.pull_policy = "always";
  spec.image = "127.0.0.1:9/nobody/there:1";

  const auto created = backend_->Create(spec, "x", Soon(), nullptr);

  EXPECT_THAT(created, StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("connection refused")));
  EXPECT_EQ(ErrorReason(created.status()), "IMAGE_PULL_FAILED");
}

TEST_F(DockerFaultsTest, EngineThatIsNotThereIsUnavailable) {
  executor::DockerOptions options = TestOptions();
  options.endpoint = "unix:///nowhere/docker.sock";
  auto backend = DockerBackend::Open(options);
  ASSERT_THAT(backend, IsOk());

  EXPECT_THAT((*backend)->Check(Soon()),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("unix:///nowhere/docker.sock")));
  EXPECT_THAT((*backend)->Create(TestSpec(), "x", Soon(), nullptr),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace airlock
