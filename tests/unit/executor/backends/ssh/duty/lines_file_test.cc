#include "services/executor/backends/ssh/duty/lines_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::executor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LinesFileTest : public testing::Test {
 protected:
  void Write(const std::string& text) const {
    std::ofstream(file_.path()) << text;
  }

  TemporaryDirectory folder_;
  const LinesFile file_{folder_ / "lines", "host one"};
};

TEST_F(LinesFileTest, WhatWasSavedIsThere) {
  ASSERT_THAT(file_.Save({"a", "b c"}), IsOk());

  const auto loaded = file_.Load();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->value(), ElementsAre("a", "b c"));
}

TEST_F(LinesFileTest, NoLinesAreNotNoFile) {
  ASSERT_THAT(file_.Save({}), IsOk());

  const auto loaded = file_.Load();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->value(), IsEmpty());
}

TEST_F(LinesFileTest, WithoutAFileThereIsNoValue) {
  const auto loaded = file_.Load();

  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(LinesFileTest, OfAnotherSubjectThereIsNoValue) {
  ASSERT_THAT(LinesFile(file_.path(), "host two").Save({"a"}), IsOk());

  const auto loaded = file_.Load();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(LinesFileTest, OneThatWasNotWrittenToItsEndIsAnError) {
  for (const char* text : {"", "host one\n", "host one\na\nb\n"}) {
    Write(text);

    EXPECT_THAT(file_.Load(), StatusIs(absl::StatusCode::kDataLoss)) << text;
  }
}

TEST_F(LinesFileTest, WhatCannotBeReadIsAnError) {
  std::filesystem::create_directory(file_.path());
  EXPECT_FALSE(file_.Load().ok());

  std::filesystem::remove(file_.path());
  std::filesystem::create_symlink(file_.path(), file_.path());
  EXPECT_FALSE(file_.Load().ok());
}

TEST_F(LinesFileTest, OnlyTheExecutorReadsIt) {
  ASSERT_THAT(file_.Save({"a"}), IsOk());

  struct stat status {};
  ASSERT_EQ(::stat(file_.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(LinesFileTest, AFileThatCannotBeWrittenLeavesTheOldOne) {
  ASSERT_THAT(file_.Save({"a"}), IsOk());
  std::filesystem::create_directory(file_.path() + ".part");

  EXPECT_FALSE(file_.Save({"b"}).ok());
  EXPECT_THAT(file_.Load()->value(), ElementsAre("a"));
}

TEST_F(LinesFileTest, ALinkInItsPlaceIsNotFollowed) {
  const std::string target = folder_ / "target";
  std::ofstream(target) << "precious";
  std::filesystem::create_symlink(target, file_.path() + ".part");

  EXPECT_FALSE(file_.Save({"b"}).ok());
  EXPECT_EQ(std::filesystem::file_size(target), 8U);
}

}  // namespace
}  // namespace airlock::executor
