#include "services/executor/backends/docker/engine_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json GoodInfo() {
  return {{"MemoryLimit", true},
          {"SwapLimit", true},
          {"PidsLimit", true},
          {"CpuCfsQuota", true},
          {"OSType", "linux"},
          {"CgroupDriver", "systemd"},
          {"SecurityOptions", {"name=seccomp,profile=default"}}};
}

TEST(EngineCheckTest, EngineWithEverythingIsFine) {
  EXPECT_THAT(CheckEngineInfo(GoodInfo()), IsOk());
}

TEST(EngineCheckTest, EverythingThatIsMissingIsNamed) {
  const std::pair<const char*, json> broken[] = {
      {"MemoryLimit", false},         {"SwapLimit", false},
      {"PidsLimit", nullptr},         {"CpuCfsQuota", "yes"},
      {"OSType", "windows"},          {"CgroupDriver", "none"},
      {"SecurityOptions", {"name=x"}}};
  const char* words[] = {"memory limits", "swap limits", "pids limits",
                         "cpu quotas",    "Linux",       "cgroups",
                         "seccomp"};
  for (std::size_t i = 0; i < std::size(broken); ++i) {
    json info = GoodInfo();
    info[broken[i].first] = broken[i].second;

    EXPECT_THAT(
        CheckEngineInfo(info),
        StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(words[i])));
  }
}

TEST(EngineCheckTest, NonsenseIsRefused) {
  EXPECT_THAT(CheckEngineInfo(json::array()),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace airlock::executor
