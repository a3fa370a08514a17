// File actions, through all three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/file_requests.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::FileWrite;
using airlock::v1::Outcome;
using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  void Start(const std::string& contract) {
    stack_ = std::make_unique<Stack>(contract);
    stack_->StartExecutor("ex1", 2);
    stack_->WaitReady();
  }
  void SetUp() override { Start(R"("autonomy":{"level":"full"})"); }

  Transcript Do(const airlock::v1::ExecuteRequest& request) {
    return stack_->Execute("ada", request);
  }
  static std::string Reason(const Transcript& told) {
    EXPECT_THAT(told.status, IsOk());
    const Outcome& outcome = told.completed.outcome();
    EXPECT_EQ(outcome.ended_by(), Outcome::ENDED_BY_EXITED);
    EXPECT_EQ(outcome.exit_code() == 0, outcome.reason().empty());
    return outcome.reason();
  }

  std::unique_ptr<Stack> stack_;
};

TEST_F(FileTest, WhatIsWrittenIsThereForTheNextAction) {
  const std::string content("a\0b\xff", 4);
  EXPECT_EQ(Reason(Do(WriteRequest("work", "f", content))), "");
  EXPECT_EQ(Reason(Do(WriteRequest("work", "/workspace/f", "!",
                                   FileWrite::EXISTING_APPEND))),
            "");

  EXPECT_EQ(Do(ReadRequest("work", "f")).stdout_data, content + "!");
  EXPECT_EQ(Do(ReadRequest("work", "f", 3, 1)).stdout_data, "\xff");
  EXPECT_THAT(Do(ListRequest("work")).stdout_data,
              HasSubstr(R"({"name":"f","type":"file","size":5)"));
  EXPECT_EQ(Reason(Do(DeleteRequest("work", "f"))), "");
  EXPECT_EQ(Do(ListRequest("work")).stdout_data, "");
}

TEST_F(FileTest, WhatWasNotDoneSaysWhy) {
  EXPECT_EQ(Reason(Do(ReadRequest("work", "none"))), "FILE_NOT_FOUND");
  EXPECT_EQ(Reason(Do(DeleteRequest("work", "none"))), "FILE_NOT_FOUND");
  Do(WriteRequest("work", "f", "x"));
  const Transcript told =
      Do(WriteRequest("work", "f", "y", FileWrite::EXISTING_REFUSE));

  EXPECT_EQ(Reason(told), "FILE_EXISTS");
  EXPECT_NE(told.completed.outcome().message(), "");
}

TEST_F(FileTest, EightMebibytesGoThroughWhole) {
  std::string content(8 << 20, 'x');
  content.back() = 'y';

  EXPECT_EQ(Reason(Do(WriteRequest("work", "f", content))), "");

  EXPECT_TRUE(Do(ReadRequest("work", "f")).stdout_data == content);
}

TEST_F(FileTest, OnlyWritingRaisesTheGeneration) {
  EXPECT_EQ(Do(WriteRequest("work", "f", "x")).completed.session_generation(),
            0U);
  EXPECT_EQ(Do(ReadRequest("work", "f")).completed.session_generation(), 1U);
  EXPECT_EQ(Do(ListRequest("work")).completed.session_generation(), 1U);
  EXPECT_EQ(Do(DeleteRequest("work", "f")).completed.session_generation(), 1U);
  EXPECT_EQ(Do(ListRequest("work")).completed.session_generation(), 2U);
}

TEST_F(FileTest, WithoutASessionNothingIsDone) {
  const absl::Status status = Do(ReadRequest("", "f")).status;

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("session must be set")));
  EXPECT_EQ(ErrorReason(status), "SESSION_REQUIRED");
}

TEST_F(FileTest, PathsThatLeaveAreNoRequest) {
  for (const char* path : {"../f", "/etc/passwd", "a/../f", ""}) {
    EXPECT_THAT(Do(ReadRequest("work", path)).status,
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("action.file_read.path")))
        << path;
  }
  EXPECT_THAT(Do(DeleteRequest("work", ".", true)).status,
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FileTest, RulesDecideByKindAndPath) {
  Start(R"("autonomy":{"level":"full","blockedActions":["file_delete"]},
           "approvalGating":{"rules":[
             {"action":"file_read","path":"secret/.*","approval":"deny"}]})");

  EXPECT_EQ(Reason(Do(WriteRequest("work", "secret/f", "x"))), "");
  // A list is decided as a read.
  for (const auto& request :
       {ReadRequest("work", "secret/f"), ListRequest("work", "secret/d"),
        DeleteRequest("work", "secret/f")}) {
    EXPECT_EQ(Do(request).completed.state(), Execution::STATE_DENIED);
  }
  EXPECT_EQ(Reason(Do(ReadRequest("work", "f"))), "FILE_NOT_FOUND");
}

TEST_F(FileTest, ReadonlyReadsAndListsOnly) {
  Start(R"("autonomy":{"level":"readonly"})");

  EXPECT_EQ(Reason(Do(ListRequest("work"))), "");
  EXPECT_EQ(Do(WriteRequest("work", "f", "x")).completed.state(),
            Execution::STATE_DENIED);
}

}  // namespace
}  // namespace airlock
