#include "services/executor/backends/ssh/duty/manifest_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::executor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ManifestFileTest : public testing::Test {
 protected:
  std::string Text() const {
    std::ifstream stream(path_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void Write(const std::string& text) const {
    std::ofstream(path_, std::ios::trunc) << text;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "manifest";
  const ManifestFile file_{path_, "user@host:22"};
};

TEST_F(ManifestFileTest, WhatWasSavedIsLoadedByAnotherOne) {
  ASSERT_THAT(file_.Save({"file /a owner=0", "file /b owner=1"}), IsOk());

  const auto loaded = ManifestFile(path_, "user@host:22").Load();

  ASSERT_THAT(loaded, IsOk());
  ASSERT_TRUE(loaded->has_value());
  EXPECT_THAT(**loaded, ElementsAre("file /a owner=0", "file /b owner=1"));
}

TEST_F(ManifestFileTest, NoFileIsNoManifest) {
  const auto loaded = file_.Load();

  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(ManifestFileTest, AnEmptyManifestIsOne) {
  ASSERT_THAT(file_.Save({}), IsOk());

  const auto loaded = file_.Load();

  ASSERT_THAT(loaded, IsOk());
  EXPECT_TRUE(loaded->has_value());
}

TEST_F(ManifestFileTest, ThatOfAnotherHostCountsAsAbsent) {
  ASSERT_THAT(file_.Save({"file /a owner=0"}), IsOk());

  const auto loaded = ManifestFile(path_, "user@other:22").Load();

  ASSERT_THAT(loaded, IsOk());
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(ManifestFileTest, OneThatWasNotWrittenToItsEndIsRefused) {
  ASSERT_THAT(file_.Save({"file /a owner=0", "file /b owner=1"}), IsOk());
  const std::string whole = Text();

  for (const char* last : {"file /b", "end"}) {
    Write(whole.substr(0, whole.find(last)));
    EXPECT_THAT(file_.Load(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("remove it")))
        << last;
  }
}

TEST_F(ManifestFileTest, AnotherOneTakesItsPlaceAsAWhole) {
  ASSERT_THAT(file_.Save({"file /a owner=0", "file /b owner=1"}), IsOk());

  ASSERT_THAT(file_.Save({"file /c owner=2"}), IsOk());

  const auto loaded = file_.Load();
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->value_or(HostManifest{}), ElementsAre("file /c owner=2"));
  EXPECT_FALSE(std::filesystem::exists(path_ + ".part"));
}

TEST_F(ManifestFileTest, OnlyItsOwnerMayReadIt) {
  ASSERT_THAT(file_.Save({"file /a owner=0"}), IsOk());

  EXPECT_EQ(
      std::filesystem::status(path_).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ManifestFileTest, ALinkInTheWayIsNotFollowed) {
  const std::string other = directory_ / "other";
  std::ofstream(other) << "kept";
  std::filesystem::create_symlink(other, path_ + ".part");

  EXPECT_FALSE(file_.Save({"file /a owner=0"}).ok());

  std::ifstream stream(other);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "kept");
}

TEST_F(ManifestFileTest, AFolderThatIsNotThereIsNamed) {
  const ManifestFile file(directory_ / "nowhere/manifest", "s");

  EXPECT_THAT(file.Save({}), StatusIs(absl::StatusCode::kNotFound,
                                      HasSubstr("nowhere/manifest")));
}

}  // namespace
}  // namespace airlock::executor
