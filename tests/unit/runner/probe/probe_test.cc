// The built probe where nothing is limited: it must say so, and survive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "services/executor/sandbox/enforcement.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kWait = absl::Seconds(20);

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() {
    spec_.memory_bytes = 8 << 20;
    spec_.cpu_millis = 100;
    spec_.pids = 4;
    spec_.workspace_bytes = 3 << 18;
    spec_.tmp_bytes = 1 << 18;
    spec_.inodes = 10;
    spec_.user = "65534:65534";
  }

  // The probe's output; its exit code in `exit_code`.
  static std::string Probe(const std::vector<std::string>& options,
                           int& exit_code) {
    std::vector<std::string> argv = {AIRLOCK_RUNNER, "probe"};
    argv.insert(argv.end(), options.begin(), options.end());
    ChildProcess child(argv);
    exit_code = child.WaitExit(kWait).value_or(-1);
    return child.whole_output();
  }
  // As the executor starts it, but in folders of this test.
  std::string ProbeHere() {
    std::vector<std::string> options = executor::ProbeCommand(spec_);
    options.erase(options.begin(), options.begin() + 2);
    for (const char* option : {"--workspace", "--tmp", "--shm"}) {
      options.emplace_back(option);
      options.push_back(folder_.path());
    }
    int exit_code = -1;
    std::string output = Probe(options, exit_code);
    EXPECT_EQ(exit_code, 0) << output;
    return output;
  }

  executor::SandboxSpec spec_;
  TemporaryDirectory folder_;
};

TEST_F(ProbeTest, NothingIsTakenForALimitWhereThereIsNone) {
  const std::string output = ProbeHere();

  for (const auto& check : executor::JudgeProbe(spec_, output)) {
    // What a container around this test limits, it limits for us, too.
    if (check.name == "seccomp" || check.name == "privileges") continue;
    EXPECT_FALSE(check.ok) << check.name << "\n" << output;
    EXPECT_THAT(check.message, HasSubstr("does not hold")) << check.name;
  }
}

TEST_F(ProbeTest, StopsAtAboutTwiceEachLimitAndLeavesNothing) {
  const std::string output = ProbeHere();

  EXPECT_THAT(output, HasSubstr("created=24 error=none"));
  EXPECT_THAT(output, HasSubstr("used=16777216 signal=0"));
  EXPECT_THAT(output, HasSubstr("inodes workspace=36 workspace_error=none"));
  EXPECT_THAT(output, HasSubstr("disk workspace=2097152 workspace_error=none"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ProbeTest, FolderThatIsNotThereIsSaid) {
  int exit_code = -1;
  const std::string output =
      Probe({"--memory", "1048576", "--pids", "1", "--disk", "1", "--inodes",
             "1", "--workspace", "/nowhere", "--tmp", folder_.path(), "--shm",
             "/nowhere", "--cgroup", "/nowhere"},
            exit_code);

  EXPECT_EQ(exit_code, 0);
  EXPECT_THAT(output, HasSubstr("workspace=0 workspace_error=ENOENT"));
  EXPECT_THAT(output, HasSubstr("quota_us=unknown"));
  EXPECT_THAT(output, HasSubstr("limit=unknown"));
}

TEST_F(ProbeTest, WithoutALimitToTryItTriesNothing) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"--memory"},
      {"--memory", "1048576"},
      {"--memory", "-1", "--pids", "1", "--disk", "1", "--inodes", "1"},
      {"--memory", "0", "--pids", "1", "--disk", "1", "--inodes", "1"},
      {"--memory", "9999999999999999999", "--pids", "1", "--disk", "1",
       "--inodes", "1"},
      {"--other", "1"}};
  for (const auto& options : wrong) {
    int exit_code = -1;
    const std::string output = Probe(options, exit_code);
    EXPECT_EQ(exit_code, 2);
    EXPECT_THAT(output, HasSubstr("Usage: airlock-runner probe"));
    EXPECT_THAT(output, Not(HasSubstr("uid=")));
  }
}

}  // namespace
}  // namespace airlock::runner
