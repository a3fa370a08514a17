// With a systemd-run and a host program that are scripts of the test.
#include "services/runner/host/host_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kLook = absl::Milliseconds(2);
// Up to the "--" it is systemd-run's own.
constexpr const char* kRunIt =
    "while [ \"$1\" != -- ]; do shift; done; shift; VIA=systemd exec \"$@\"";

class HostStartTest : public testing::Test {
 protected:
  HostStartTest() {
    ::chmod(directory_.path().c_str(), 0700);
    WriteScript("host", "echo \"$VIA $*\" >" + directory_ / "host.ran");
    ::setenv("PATH", absl::StrCat(directory_.path(), ":", old_path_).c_str(),
             1);
  }
  ~HostStartTest() override { ::setenv("PATH", old_path_.c_str(), 1); }

  void WriteScript(const std::string& name, const std::string& line) const {
    std::ofstream(directory_ / name) << "#!/bin/sh\n" << line << "\n";
    ::chmod((directory_ / name).c_str(), 0755);
  }
  void Touch(const std::string& name) const {
    const std::string path = directory_ / name;
    std::filesystem::create_directories(path.substr(0, path.rfind('/')));
    std::ofstream(path).flush();
  }
  // Version 2, systemd, and a login with a manager of its own.
  void MakeManager() const {
    Touch("cgroup/cgroup.controllers");
    Touch("systemd");
    Touch(absl::StrCat("users/", ::geteuid(), "/systemd/private"));
  }

  // With what the host program was started: how, and its arguments.
  std::string Started() {
    HostStart start({directory_.path(), "e"}, "wanted",
                    {.cgroups = directory_ / "cgroup",
                     .users = directory_ / "users",
                     .systemd = directory_ / "systemd",
                     .program = directory_ / "host",
                     .delegation_limit = limit_});
    const absl::Time end = absl::Now() + kPatience;
    while (absl::Now() < end) {
      start.Advance();
      std::ifstream file(directory_ / "host.ran");
      std::string line;
      // Not before it is there as a whole.
      if (std::getline(file, line) && !file.eof()) return line;
      absl::SleepFor(kLook);
    }
    return "nobody";
  }

  const TemporaryDirectory directory_;
  const std::string old_path_ = std::getenv("PATH");
  std::chrono::milliseconds limit_ = std::chrono::minutes(1);
};

TEST_F(HostStartTest, BeginsInACgroupThatSystemdDelegates) {
  MakeManager();
  WriteScript("systemd-run", absl::StrCat("[ \"$4\" = --collect ] && [ \"$5\" "
                                          "= --property=Delegate=yes ] && ",
                                          kRunIt));

  const std::string started = Started();

  EXPECT_THAT(started, HasSubstr("systemd host --executor e --state"));
  EXPECT_THAT(started, HasSubstr("--cgroup wanted"));
  EXPECT_THAT(started, Not(HasSubstr("--undelegated")));
}

TEST_F(HostStartTest, WithoutACgroupItBeginsAndIsToldWhatSystemdSaid) {
  MakeManager();
  WriteScript("systemd-run", "echo first >&2; echo No bus here >&2; exit 1");

  EXPECT_THAT(
      Started(),
      HasSubstr("--undelegated systemd-run gave no cgroup: No bus here"));
}

TEST_F(HostStartTest, SystemdRunMayBeMissing) {
  MakeManager();
  WriteScript("systemd-run", "");
  ::chmod((directory_ / "systemd-run").c_str(), 0);
  // Nor is there another one.
  ::setenv("PATH", directory_.path().c_str(), 1);

  EXPECT_THAT(Started(), HasSubstr("cannot start systemd-run: "));
}

TEST_F(HostStartTest, SystemdThatHangsIsLeft) {
  MakeManager();
  limit_ = std::chrono::milliseconds(20);
  WriteScript("systemd-run", "exec sleep 60");

  EXPECT_THAT(Started(), HasSubstr("gave no cgroup in time"));
}

TEST_F(HostStartTest, LoginWithoutAManagerIsToldHowToGetOne) {
  Touch("cgroup/cgroup.controllers");
  Touch("systemd");

  EXPECT_THAT(Started(), HasSubstr("libpam-systemd"));
}

TEST_F(HostStartTest, ElsewhereNothingIsKnownToBeMissing) {
  MakeManager();
  std::filesystem::remove_all(directory_ / "cgroup");

  EXPECT_THAT(Started(), Not(HasSubstr("--undelegated")));
}

}  // namespace
}  // namespace airlock::runner
