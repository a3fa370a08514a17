// A real cell of an ordinary user, behind a RunnerClient.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/executor/sandbox/base_environment.h"
#include "services/executor/sandbox/runner_client.h"
#include "tests/support/child_process.h"
#include "tests/support/delegated_cgroup.h"
#include "tests/support/pipe_byte_stream.h"
#include "tests/support/recording_observer.h"
#include "tests/support/sanitized.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {

// Nobody's on any machine that runs tests.
inline constexpr uid_t kHostUser = 64'201;

// A cell that runs, and what ran in it last.
class TestCell {
 public:
  explicit TestCell(std::unique_ptr<PipeByteStream> stream)
      : client_(std::move(stream)) {}

  absl::Status WaitReady() {
    return client_.WaitReady(absl::Now() + absl::Seconds(15));
  }

  void Begin(executor::ProcessSpec spec) {
    observer_ = std::make_shared<RecordingObserver>();
    process_ = client_.Run(std::move(spec), observer_);
  }
  executor::ProcessEnd End() {
    const auto end = observer_->WaitEnd();
    EXPECT_TRUE(end.has_value()) << "no end was told";
    return end.value_or(executor::ProcessEnd{});
  }
  executor::ProcessEnd Run(executor::ProcessSpec spec) {
    Begin(std::move(spec));
    return End();
  }
  // Both streams of a shell line.
  std::string Output(const std::string& line) {
    executor::ProcessSpec spec;
    spec.argv = {"sh", "-c", line};
    spec.env = executor::BaseEnvironment();
    spec.timeout = absl::Seconds(15);
    Run(std::move(spec));
    return absl::StrCat(observer_->out(), observer_->err());
  }
  // What the program of tests that tries to get out says.
  std::string Escape(std::vector<std::string> arguments) {
    std::ifstream file(AIRLOCK_CELL_ESCAPE, std::ios::binary);
    executor::ProcessSpec spec;
    spec.files.push_back({"escape",
                          std::string(std::istreambuf_iterator<char>(file), {}),
                          0755});
    spec.argv = std::move(arguments);
    spec.argv.insert(spec.argv.begin(), "./escape");
    spec.timeout = absl::Seconds(15);
    Run(std::move(spec));
    return absl::StrCat(observer_->out(), observer_->err());
  }

  void AddInput(std::string data) { process_->AddInput(std::move(data), true); }

  // Of the last one that began.
  RecordingObserver& observer() { return *observer_; }

 private:
  executor::RunnerClient client_;
  std::shared_ptr<executor::SandboxProcess> process_;
  std::shared_ptr<RecordingObserver> observer_;
};

// Each test has cgroups of its own. Needs root, to make the user's part of them
// and to become the user; the cells do without.
class CellTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) {
      GTEST_SKIP() << "AddressSanitizer asks for what cells are refused";
    }
    ASSERT_EQ(::geteuid(), 0U) << "to become another user needs root";
    // Somewhere that user can reach, whatever the build folder is.
    ::chmod(folder_.path().c_str(), 0755);
    std::filesystem::copy_file(AIRLOCK_RUNNER, runner_);
    std::filesystem::copy_file(AIRLOCK_CELL_HOST, host_);
    ::chmod(runner_.c_str(), 0755);
    ::chmod(host_.c_str(), 0755);
    cgroup_.Enter();
  }

  std::vector<std::string> HostCommand(
      const std::vector<std::string>& options) const {
    std::vector<std::string> command = {host_, "--cgroup", cgroup_.name(),
                                        "--runner", runner_};
    command.insert(command.end(), options.begin(), options.end());
    return command;
  }

  // A cell that is ready.
  std::unique_ptr<TestCell> Start(
      const std::vector<std::string>& options = {}) {
    auto stream = PipeByteStream::StartInNamespace(HostCommand(options),
                                                   {.uid = kHostUser});
    EXPECT_THAT(stream, IsOk());
    auto cell = std::make_unique<TestCell>(*std::move(stream));
    EXPECT_THAT(cell->WaitReady(), IsOk());
    return cell;
  }

  // What is said where no cell comes to be.
  std::string Refusal(const std::vector<std::string>& options) const {
    std::vector<std::string> command = HostCommand(options);
    command.insert(command.end(), {"--uid", std::to_string(kHostUser)});
    ChildProcess host(command);
    EXPECT_EQ(host.WaitExit(absl::Seconds(20)), 1);
    return host.whole_output();
  }

  // The same user without a cell.
  static std::string Outside(const std::vector<std::string>& command) {
    std::vector<std::string> argv = {
        "/usr/bin/setpriv", absl::StrCat("--reuid=", kHostUser),
        absl::StrCat("--regid=", kHostUser), "--clear-groups"};
    argv.insert(argv.end(), command.begin(), command.end());
    ChildProcess child(argv);
    child.WaitExit(absl::Seconds(20));
    return child.whole_output();
  }
  static std::string OutsideShell(const std::string& line) {
    return Outside({"/bin/sh", "-c", line});
  }
  std::string OutsideEscape(std::vector<std::string> arguments) const {
    const std::string copy = folder_ / "escape";
    std::filesystem::copy_file(
        AIRLOCK_CELL_ESCAPE, copy,
        std::filesystem::copy_options::overwrite_existing);
    ::chmod(copy.c_str(), 0755);
    arguments.insert(arguments.begin(), copy);
    return Outside(arguments);
  }

  TemporaryDirectory folder_;
  DelegatedCgroup cgroup_{kHostUser};
  const std::string runner_ = folder_ / "airlock-runner";
  const std::string host_ = folder_ / "cell_host";
};

}  // namespace airlock::runner
