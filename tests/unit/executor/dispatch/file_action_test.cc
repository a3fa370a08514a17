#include "services/executor/dispatch/file_action.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/file_action/file_end.h"
#include "common/status/error.h"
#include "services/executor/dispatch/process_spec.h"
#include "tests/support/job_messages.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using airlock::v1::FileWrite;
using airlock::v1::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kRunner[] = "/airlock/airlock-runner";

class FileActionTest : public testing::Test {
 protected:
  FileActionTest() : spec_(MakeCommandSpec("e1", {})) {
    spec_.set_session("se-1");
    spec_.clear_action();
  }

  airlock::v1::Action& action() { return *spec_.mutable_action(); }
  ProcessSpec Process() {
    auto process = ProcessSpecFromExecution(spec_);
    EXPECT_THAT(process, IsOk());
    return process.ok() ? *std::move(process) : ProcessSpec{};
  }

  internal::v1::ExecutionSpec spec_;
};

TEST_F(FileActionTest, ReadBecomesTheRunnersOwnProgram) {
  action().mutable_file_read()->set_path("--a b");
  EXPECT_THAT(Process().argv,
              ElementsAre(kRunner, "file", "read", "--path", "--a b"));

  action().mutable_file_read()->set_offset(5);
  action().mutable_file_read()->set_limit(UINT64_MAX);
  EXPECT_THAT(Process().argv,
              ElementsAre(kRunner, "file", "read", "--path", "--a b",
                          "--offset", "5", "--limit", "18446744073709551615"));
}

TEST_F(FileActionTest, ListWithoutPathIsOfTheWorkspace) {
  action().mutable_file_list();
  EXPECT_THAT(Process().argv, ElementsAre(kRunner, "file", "list"));

  action().mutable_file_list()->set_path("d");
  EXPECT_THAT(Process().argv,
              ElementsAre(kRunner, "file", "list", "--path", "d"));
}

TEST_F(FileActionTest, ContentOfAWriteIsItsInput) {
  FileWrite& write = *action().mutable_file_write();
  write.set_path("f");
  write.set_content(std::string("a\0b", 3));

  EXPECT_THAT(Process().argv, ElementsAre(kRunner, "file", "write", "--path",
                                          "f", "--size", "3"));
  EXPECT_EQ(Process().stdin_data, std::string("a\0b", 3));
  EXPECT_FALSE(Process().accepts_later_input);

  write.set_mode(0755);
  write.set_existing(FileWrite::EXISTING_APPEND);
  EXPECT_THAT(Process().argv,
              ElementsAre(kRunner, "file", "write", "--path", "f", "--size",
                          "3", "--mode", "755", "--existing", "append"));

  write.set_existing(FileWrite::EXISTING_REFUSE);
  EXPECT_EQ(Process().argv.back(), "refuse");
}

TEST_F(FileActionTest, UnknownTreatmentOfAnExistingFileIsNotRun) {
  action().mutable_file_write()->set_path("f");
  action().mutable_file_write()->set_existing(
      static_cast<FileWrite::Existing>(4));

  EXPECT_THAT(ProcessSpecFromExecution(spec_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.file_write.existing")));
}

TEST_F(FileActionTest, DeletesRecursivelyOnlyWhenAsked) {
  action().mutable_file_delete()->set_path("d");
  EXPECT_THAT(Process().argv,
              ElementsAre(kRunner, "file", "delete", "--path", "d"));

  action().mutable_file_delete()->set_recursive(true);
  EXPECT_THAT(Process().argv, ElementsAre(kRunner, "file", "delete", "--path",
                                          "d", "--recursive", "yes"));
}

TEST_F(FileActionTest, LimitsHoldAndNothingElseIsGiven) {
  action().mutable_file_list();

  const ProcessSpec process = Process();

  EXPECT_THAT(process.env, IsEmpty());
  EXPECT_EQ(process.cwd, "");
  EXPECT_THAT(process.files, IsEmpty());
  EXPECT_EQ(process.timeout, absl::Seconds(30));
  EXPECT_EQ(process.output_limit_bytes, std::uint64_t{64} << 20);
}

TEST_F(FileActionTest, WithoutASessionNothingIsRun) {
  action().mutable_file_list();
  spec_.clear_session();

  const auto process = ProcessSpecFromExecution(spec_);

  EXPECT_EQ(ErrorReason(process.status()), "SPEC_INVALID");
  EXPECT_THAT(process, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("session")));
}

Outcome Explained(Outcome::EndedBy ended_by, int exit_code) {
  Outcome outcome;
  outcome.set_ended_by(ended_by);
  outcome.set_exit_code(exit_code);
  ExplainFileAction(outcome);
  return outcome;
}

TEST(FileOutcomeTest, EveryEndOfTheProgramHasItsOwnReason) {
  std::set<std::string> reasons;
  for (const FileEndWords& words : kFileEnds) {
    const Outcome outcome =
        Explained(Outcome::ENDED_BY_EXITED, static_cast<int>(words.end));
    EXPECT_EQ(outcome.reason(), words.reason);
    EXPECT_FALSE(outcome.message().empty());
    reasons.insert(outcome.reason());
  }
  // Those of action.proto.
  EXPECT_THAT(reasons,
              ElementsAre("DIRECTORY_NOT_EMPTY", "DISK_FULL", "FILE_EXISTS",
                          "FILE_FAILED", "FILE_NOT_FOUND", "NOT_A_DIRECTORY",
                          "NOT_A_FILE", "PATH_REFUSED", "PERMISSION_DENIED"));
}

TEST(FileOutcomeTest, UnknownErrorIsAFailure) {
  for (const int exit_code : {1, 2, 127, 255}) {
    EXPECT_EQ(Explained(Outcome::ENDED_BY_EXITED, exit_code).reason(),
              "FILE_FAILED");
  }
}

TEST(FileOutcomeTest, OnlyTheProgramsOwnErrorIsExplained) {
  EXPECT_EQ(Explained(Outcome::ENDED_BY_EXITED, 0).reason(), "");
  EXPECT_EQ(Explained(Outcome::ENDED_BY_TIMED_OUT, 40).reason(), "");
  EXPECT_EQ(Explained(Outcome::ENDED_BY_SIGNALED, 40).reason(), "");
}

}  // namespace
}  // namespace airlock::executor
