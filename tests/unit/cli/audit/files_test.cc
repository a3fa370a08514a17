#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "services/cli/audit/line_file.h"
#include "services/cli/audit/new_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LineFileTest : public testing::Test {
 protected:
  absl::Status Read(const std::string& content, std::size_t max_line_bytes) {
    std::ofstream(path_) << content;
    lines_.clear();
    return ForEachLine(path_, max_line_bytes, [this](absl::string_view line) {
      lines_.emplace_back(line);
      return error_;
    });
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "lines";
  std::vector<std::string> lines_;
  absl::Status error_;
};

TEST_F(LineFileTest, EachLineComesWithoutItsNewline) {
  EXPECT_THAT(Read("a\n\nbc\n", 2), IsOk());

  EXPECT_THAT(lines_, ElementsAre("a", "", "bc"));
}

TEST_F(LineFileTest, LinesThatAreLongerThanOneReadComeWhole) {
  const std::string line(1'000'000, 'x');

  EXPECT_THAT(Read(line + "\ny\n", 1'000'000), IsOk());

  EXPECT_THAT(lines_, ElementsAre(line, "y"));
}

TEST_F(LineFileTest, ALineThatIsTooLongIsNamed) {
  EXPECT_THAT(
      Read("ab\nabc\n", 2),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("line 2 of")));
}

TEST_F(LineFileTest, ALastLineWithoutAnEndIsNamed) {
  EXPECT_THAT(Read("a\nb", 2),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("line 2")));
}

TEST_F(LineFileTest, TheFirstErrorEndsIt) {
  error_ = absl::DataLossError("enough");

  EXPECT_THAT(Read("a\nb\n", 2),
              StatusIs(absl::StatusCode::kDataLoss, "enough"));
  EXPECT_THAT(lines_, ElementsAre("a"));
}

TEST_F(LineFileTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(ForEachLine(path_, 1, [](auto) { return absl::OkStatus(); }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
}

TEST(NewFileTest, HasWhatWasWrittenForItsOwnerAlone) {
  TemporaryDirectory directory;
  const std::string path = directory / "new";
  {
    auto file = NewFile::Create(path);
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->Write("a"), IsOk());
    EXPECT_THAT(file->Write("b"), IsOk());
    EXPECT_THAT(file->Finish(), IsOk());
  }

  std::ifstream stream(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "ab");
  struct stat found = {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST(NewFileTest, APartIsRemovedAgain) {
  TemporaryDirectory directory;
  const std::string path = directory / "new";
  {
    auto file = NewFile::Create(path);
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->Write("a"), IsOk());
  }

  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(NewFileTest, NothingIsOverwritten) {
  TemporaryDirectory directory;
  const std::string path = directory / "new";
  std::ofstream(path) << "precious";

  EXPECT_THAT(NewFile::Create(path),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(path)));
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

}  // namespace
}  // namespace airlock::cli
