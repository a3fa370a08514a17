#include "services/executor/backends/docker/mount_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

class MountRulesTest : public testing::Test {
 protected:
  MountRulesTest() {
    std::filesystem::create_directories(allowed_ + "/data/deep");
    std::filesystem::create_directories(allowed_ + "more");
    std::filesystem::create_directory_symlink("/etc", allowed_ + "/link");
    std::ofstream(allowed_ + "/file") << "x";
  }

  absl::Status Check(const std::string& source,
                     const std::string& target = "/data") {
    return CheckMounts({{source, target, false}}, {allowed_}, false);
  }

  TemporaryDirectory root_;
  const std::string allowed_ = root_ / "allowed";
};

TEST_F(MountRulesTest, AllowedFolderAndWhatIsBelowAreFine) {
  EXPECT_THAT(Check(allowed_), IsOk());
  EXPECT_THAT(Check(allowed_ + "/data/deep"), IsOk());
  EXPECT_THAT(Check(allowed_ + "/data", "/workspace/data"), IsOk());
}

TEST_F(MountRulesTest, NothingElseIs) {
  for (const std::string& source :
       {allowed_ + "more", root_.path(), std::string("/"), std::string("/home"),
        allowed_ + "/missing", std::string("relative"), std::string(),
        allowed_ + "/", allowed_ + "/../allowed", allowed_ + "/./data",
        allowed_ + "//data", allowed_ + "/link", allowed_ + "/link/ssl",
        allowed_ + "/file", allowed_ + std::string("/data\0/x", 8)}) {
    EXPECT_THAT(Check(source), StatusIs(absl::StatusCode::kPermissionDenied))
        << source;
  }
}

TEST_F(MountRulesTest, SystemFoldersAreNeverShared) {
  for (const char* source : {"/etc", "/proc", "/sys", "/dev", "/run", "/usr",
                             "/etc/ssl", "/run/lock", "/proc/self", "/"}) {
    EXPECT_THAT(CheckMounts({{source, "/data", false}}, {"/"}, false),
                StatusIs(absl::StatusCode::kPermissionDenied))
        << source;
  }
}

TEST_F(MountRulesTest, TargetsStayClearOfWhatTheSandboxNeeds) {
  for (const char* target :
       {"/", "", "relative", "/workspace", "/tmp", "/tmp/x", "/proc", "/proc/1",
        "/sys/x", "/dev/shm", "/airlock", "/airlock/x", "/etc", "/usr/bin",
        "/bin", "/data/", "/a/../proc", "/a,b", "/run/x"}) {
    EXPECT_THAT(Check(allowed_, target),
                StatusIs(absl::StatusCode::kPermissionDenied))
        << target;
  }
}

TEST_F(MountRulesTest, TargetsDoNotOverlap) {
  EXPECT_THAT(
      CheckMounts(
          {{allowed_, "/data", false}, {allowed_ + "/data", "/data/x", true}},
          {allowed_}, false),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("overlaps")));
}

TEST_F(MountRulesTest, EngineElsewhereSharesNothing) {
  EXPECT_THAT(CheckMounts({}, {allowed_}, true), IsOk());
  EXPECT_THAT(
      CheckMounts({{allowed_, "/data", false}}, {allowed_}, true),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("another host")));
}

}  // namespace
}  // namespace airlock::executor
