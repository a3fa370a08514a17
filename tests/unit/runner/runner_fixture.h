// A real runner, process 1 of its own namespace, behind a RunnerClient.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/executor/sandbox/runner_client.h"
#include "tests/support/pipe_byte_stream.h"
#include "tests/support/recording_observer.h"
#include "tests/support/status_matchers.h"

namespace airlock::runner {

// Each test has a runner and an empty workspace of its own. Needs root, for
// the namespaces.
class RealRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0U) << "new pid namespaces need root";
    workspace_ = "/tmp/airlock-runner-test-XXXXXX";
    ASSERT_NE(::mkdtemp(workspace_.data()), nullptr);
    std::filesystem::permissions(workspace_, std::filesystem::perms::all);
  }

  void TearDown() override {
    client_.reset();
    std::filesystem::remove_all(workspace_);
  }

  // Starts the runner and waits until it is ready.
  void StartRunner(const NamespaceOptions& options = {}) {
    auto stream = PipeByteStream::StartInNamespace(
        {AIRLOCK_RUNNER, "--workspace", workspace_, "--cgroup", cgroup_},
        options);
    ASSERT_THAT(stream, IsOk());
    stream_ = stream->get();
    client_ = std::make_unique<executor::RunnerClient>(*std::move(stream));
    ASSERT_THAT(client_->WaitReady(absl::Now() + absl::Seconds(10)), IsOk());
  }

  static executor::ProcessSpec Command(std::vector<std::string> argv) {
    executor::ProcessSpec spec;
    spec.argv = std::move(argv);
    spec.env = {"PATH=/usr/bin:/bin"};
    spec.timeout = absl::Seconds(15);
    return spec;
  }

  static executor::ProcessSpec Shell(std::string script) {
    return Command({"sh", "-c", std::move(script)});
  }

  // Runs to the end. The output is in `*observer_`.
  executor::ProcessEnd Run(executor::ProcessSpec spec) {
    Begin(std::move(spec));
    return End();
  }

  void Begin(executor::ProcessSpec spec) {
    if (!client_) StartRunner();
    observer_ = std::make_shared<RecordingObserver>();
    process_ = client_->Run(std::move(spec), observer_);
  }

  executor::ProcessEnd End() {
    const std::optional<executor::ProcessEnd> end = observer_->WaitEnd();
    EXPECT_TRUE(end.has_value()) << "no end was told";
    return end.value_or(executor::ProcessEnd{});
  }

  // Processes in the namespace of the runner, besides the runner.
  int CountLeft() const {
    const auto name_space = [](const std::string& pid) {
      std::error_code error;
      return std::filesystem::read_symlink("/proc/" + pid + "/ns/pid", error)
          .string();
    };
    const std::string ours = name_space(std::to_string(stream_->pid()));
    int count = -1;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      if (name_space(entry.path().filename()) == ours) ++count;
    }
    return count;
  }

  std::string workspace_;
  std::string cgroup_ = "/sys/fs/cgroup";
  // Owned by the client.
  PipeByteStream* stream_ = nullptr;
  std::unique_ptr<executor::RunnerClient> client_;
  // Of the last Run() or Begin().
  std::shared_ptr<executor::SandboxProcess> process_;
  std::shared_ptr<RecordingObserver> observer_;
};

}  // namespace airlock::runner
