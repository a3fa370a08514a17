// What a manifest tells of files, and what it leaves out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "services/runner/manifest/lines.h"
#include "services/runner/runner_name.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class FileLinesTest : public testing::Test {
 protected:
  void Put(const std::string& name, const std::string& text = "x") const {
    std::ofstream(folder_ / name) << text;
  }
  std::vector<std::string> Lines() const {
    ManifestLines lines;
    AddFiles(folder_.path(), {folder_.path(), {"id.lock"}}, lines);
    return lines.TakeSorted();
  }

  TemporaryDirectory folder_;
};

TEST_F(FileLinesTest, AFileIsToldWithAllThatMayChange) {
  Put("a", "four");

  EXPECT_THAT(Lines(),
              Contains(AllOf(StartsWith("file " + (folder_ / "a") + " owner="),
                             HasSubstr(" mode="), HasSubstr(" size=4 "),
                             HasSubstr(" time="))));
}

TEST_F(FileLinesTest, ALinkIsToldAndNotFollowed) {
  std::filesystem::create_symlink("/etc", folder_ / "link");

  EXPECT_THAT(Lines(),
              ElementsAre(StartsWith("folder "),
                          AllOf(StartsWith("link "), HasSubstr(" to=/etc"))));
}

TEST_F(FileLinesTest, WhatTheRunnerLeavesIsNotTold) {
  Put("id.lock");
  Put("airlock-runner-" + std::string(64, 'a'));

  EXPECT_THAT(Lines(), ElementsAre(StartsWith("folder ")));
}

TEST_F(FileLinesTest, WhatOnlyLooksLikeItIs) {
  std::filesystem::create_directory(folder_ / "below");
  for (const std::string& name :
       {std::string("other.lock"), std::string("airlock-runner-x"),
        "below/airlock-runner-" + std::string(64, 'a'),
        std::string("below/id.lock")}) {
    Put(name);
    EXPECT_THAT(Lines(), Contains(HasSubstr(name + " "))) << name;
  }
}

TEST_F(FileLinesTest, AFolderNamedLikeARunnerHidesNothing) {
  const std::string name = "airlock-runner-" + std::string(64, 'a');
  std::filesystem::create_directory(folder_ / name);
  Put(name + "/hidden");

  EXPECT_THAT(Lines(), Contains(HasSubstr(name + "/hidden ")));
}

TEST_F(FileLinesTest, ANameCannotPretendToBeALine) {
  Put("a\nprocess x");

  EXPECT_THAT(Lines(), Contains(HasSubstr("/a\\x0aprocess\\x20x ")));
  EXPECT_THAT(Lines(), Not(Contains(StartsWith("process"))));
}

TEST(RunnerNameTest, OnlyAWholeHashWillDo) {
  const std::string good = "airlock-runner-" + std::string(64, '0');
  EXPECT_TRUE(IsRunnerName(good));
  for (const std::string& bad :
       {std::string(), std::string("airlock-runner-"), good + "0", "x" + good,
        "airlock-runner-" + std::string(63, '0'),
        "airlock-runner-" + std::string(64, 'g'),
        "airlock-runner-" + std::string(64, 'A')}) {
    EXPECT_FALSE(IsRunnerName(bad)) << bad;
  }
}

TEST(RunnerNameTest, TheOwnProgramIsAPath) {
  EXPECT_TRUE(std::filesystem::exists(OwnProgram()));
}

}  // namespace
}  // namespace airlock::runner
