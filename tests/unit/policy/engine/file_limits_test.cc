#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/policy/engine/action_limits_fixture.h"

namespace airlock::policy {
namespace {

using airlock::v1::FileWrite;
using testing::AllOf;
using testing::HasSubstr;

class FileLimitsTest : public ActionLimitsTest {
 protected:
  absl::Status Check() const {
    return ValidateAction(action_, contract_->defaults());
  }
  void ExpectWrong(const std::string& field, const std::string& what) const {
    EXPECT_THAT(Check(),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("action." + field), HasSubstr(what))));
  }
  FileWrite& write() { return *action_.mutable_file_write(); }
  // Of each kind, in turn.
  template <typename Check>
  void WithPath(const std::string& path, Check check) {
    action_.mutable_file_read()->set_path(path);
    check("file_read.path");
    action_.mutable_file_list()->set_path(path);
    check("file_list.path");
    action_.mutable_file_write()->set_path(path);
    check("file_write.path");
    action_.mutable_file_delete()->set_path(path);
    check("file_delete.path");
  }

  airlock::v1::Action action_;
};

TEST_F(FileLimitsTest, PathsOfTheWorkspacePass) {
  for (const char* path : {"a", "a/b.txt", "/workspace/a", "...", "-"}) {
    WithPath(path, [this](const char* field) {
      EXPECT_THAT(Check(), IsOk()) << field;
    });
  }
}

TEST_F(FileLimitsTest, PathsThatLeaveOrCannotBeAreRefused) {
  for (const std::string& path :
       {std::string("../a"), std::string("/etc/passwd"), std::string("a/../b"),
        std::string("a//b"), std::string("a\0b", 3), std::string("\xff"),
        std::string(4096, 'a'), std::string(256, 'a')}) {
    WithPath(path, [this](const char* field) { ExpectWrong(field, "must"); });
  }
}

TEST_F(FileLimitsTest, OnlyAListNeedsNoPath) {
  action_.mutable_file_list();
  EXPECT_THAT(Check(), IsOk());

  action_.mutable_file_read();
  ExpectWrong("file_read.path", "must not be empty");
  action_.mutable_file_write();
  ExpectWrong("file_write.path", "must not be empty");
  action_.mutable_file_delete();
  ExpectWrong("file_delete.path", "must not be empty");
}

TEST_F(FileLimitsTest, WorkspaceItselfIsNeitherWrittenNorDeleted) {
  for (const char* path : {".", "/workspace"}) {
    write().set_path(path);
    ExpectWrong("file_write.path", "not the workspace itself");
    action_.mutable_file_delete()->set_path(path);
    ExpectWrong("file_delete.path", "not the workspace itself");
    action_.mutable_file_list()->set_path(path);
    EXPECT_THAT(Check(), IsOk());
  }
}

TEST_F(FileLimitsTest, ASessionIsNeeded) {
  WithPath("a", [this](const char* field) {
    *request_.mutable_action() = action_;
    request_.clear_session();
    EXPECT_THAT(Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("session must be set")))
        << field;
    EXPECT_EQ(ErrorReason(Validate()), "SESSION_REQUIRED");
    request_.set_session("work");
    EXPECT_THAT(Validate(), IsOk()) << field;
  });
  // What is wrong besides is said first.
  request_.mutable_action()->mutable_file_delete()->set_path("..");
  request_.clear_session();
  ExpectRefused("action.file_delete.path", "must not have");
}

TEST_F(FileLimitsTest, ContentHasABound) {
  write().set_path("f");
  write().set_content(std::string(kMaxFilesBytes, 'x'));
  EXPECT_THAT(Check(), IsOk());

  write().set_content(std::string(kMaxFilesBytes + 1, 'x'));
  ExpectWrong("file_write.content", "at most 8388608 bytes");
}

TEST_F(FileLimitsTest, ModeIsPermissionBits) {
  write().set_path("f");
  write().set_mode(0777);
  EXPECT_THAT(Check(), IsOk());

  write().set_mode(04755);
  ExpectWrong("file_write.mode", "at most 0777");
}

TEST_F(FileLimitsTest, TreatmentOfAnExistingFileMustBeKnown) {
  write().set_path("f");
  for (int value = 0; value <= 3; ++value) {
    write().set_existing(static_cast<FileWrite::Existing>(value));
    EXPECT_THAT(Check(), IsOk()) << value;
  }
  for (const int value : {-1, 4}) {
    write().set_existing(static_cast<FileWrite::Existing>(value));
    ExpectWrong("file_write.existing", "EXISTING_APPEND: got");
  }
}

}  // namespace
}  // namespace airlock::policy
