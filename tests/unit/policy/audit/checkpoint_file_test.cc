#include "services/policy/audit/checkpoint_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/audit_chain/audit_ndjson.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditCheckpoint;

AuditCheckpoint CheckpointAt(std::uint64_t sequence) {
  AuditCheckpoint checkpoint;
  checkpoint.set_writer("w1");
  checkpoint.set_sequence(sequence);
  checkpoint.set_hash(std::string(32, 'h'));
  checkpoint.set_signature(std::string(64, 's'));
  checkpoint.mutable_time()->set_seconds(1'800'000'000);
  return checkpoint;
}

class CheckpointFileTest : public testing::Test {
 protected:
  std::string Content() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void AppendBytes(const std::string& bytes) {
    std::ofstream(path_, std::ios::app) << bytes;
  }
  // The sequence of the newest checkpoint; 0: there is none.
  std::uint64_t LastSequence() {
    const auto last = CheckpointFile(path_).ReadLast();
    EXPECT_THAT(last, IsOk());
    if (!last.ok() || !last->has_value()) return 0;
    return (*last)->sequence();
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "checkpoints";
  CheckpointFile file_{path_};
};

TEST_F(CheckpointFileTest, WithoutAFileThereIsNoCheckpoint) {
  EXPECT_EQ(LastSequence(), 0U);
}

TEST_F(CheckpointFileTest, TheNewestOneIsTheLast) {
  ASSERT_THAT(file_.Append(CheckpointAt(1)), IsOk());
  ASSERT_THAT(file_.Append(CheckpointAt(7)), IsOk());

  EXPECT_EQ(LastSequence(), 7U);
  EXPECT_EQ(Content(), absl::StrCat(AuditLine(CheckpointAt(1)), "\n",
                                    AuditLine(CheckpointAt(7)), "\n"));
}

TEST_F(CheckpointFileTest, TheFileIsForItsOwnerAlone) {
  ASSERT_THAT(file_.Append(CheckpointAt(1)), IsOk());

  struct stat found = {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(CheckpointFileTest, ATornLineIsPassedOverAndTakenAway) {
  ASSERT_THAT(file_.Append(CheckpointAt(1)), IsOk());
  AppendBytes("{\"checkpoint\":{\"wri");
  EXPECT_EQ(LastSequence(), 1U);

  ASSERT_THAT(file_.Append(CheckpointAt(2)), IsOk());

  EXPECT_EQ(Content(), absl::StrCat(AuditLine(CheckpointAt(1)), "\n",
                                    AuditLine(CheckpointAt(2)), "\n"));
}

TEST_F(CheckpointFileTest, ALineThatIsNoCheckpointIsAnError) {
  AppendBytes("nonsense\n");

  EXPECT_THAT(file_.ReadLast(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckpointFileTest, ALinkIsNotFollowed) {
  std::filesystem::create_symlink(directory_ / "elsewhere", path_);

  EXPECT_FALSE(file_.Append(CheckpointAt(1)).ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "elsewhere"));
}

TEST_F(CheckpointFileTest, ALargeFileIsSetAside) {
  ASSERT_THAT(file_.Append(CheckpointAt(1)), IsOk());
  const std::string old = Content();
  std::filesystem::resize_file(path_, kMaxCheckpointFileBytes);

  ASSERT_THAT(file_.Append(CheckpointAt(2)), IsOk());

  EXPECT_EQ(Content(), absl::StrCat(AuditLine(CheckpointAt(2)), "\n"));
  EXPECT_EQ(std::filesystem::file_size(path_ + ".1"), kMaxCheckpointFileBytes);
  // As after a crash between the two.
  std::filesystem::resize_file(path_ + ".1", old.size());
  std::filesystem::remove(path_);
  EXPECT_EQ(LastSequence(), 1U);
}

}  // namespace
}  // namespace airlock::policy
