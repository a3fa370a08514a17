#include "services/cli/render/error_text.h"

#include <gtest/gtest.h>

#include "common/status/error.h"

namespace airlock::cli {
namespace {

TEST(ErrorTextTest, MessageAndReasonInOneLine) {
  EXPECT_EQ(ErrorText(MakeError(absl::StatusCode::kNotFound, "NO_EXECUTION",
                                "there is no execution \"x\"")),
            "airlock: there is no execution \"x\" [NO_EXECUTION]\n");
}

TEST(ErrorTextTest, ErrorWithoutMessageSaysItsCode) {
  EXPECT_EQ(ErrorText(absl::UnavailableError("")), "airlock: UNAVAILABLE\n");
}

TEST(ErrorTextTest, EveryWrongFieldHasALine) {
  FieldViolations violations;
  violations.Add("timeout", "must be positive");
  violations.Add("action", "must be set");

  EXPECT_EQ(ErrorText(violations.ToStatus()),
            "airlock: timeout must be positive; action must be set "
            "[INVALID_FIELD]\n"
            "  timeout must be positive\n"
            "  action must be set\n");
}

TEST(ErrorTextTest, QuotaAndDelayAreTold) {
  EXPECT_EQ(ErrorText(WithRetryDelay(
                WithQuotaFailure(absl::ResourceExhaustedError("too much"),
                                 "agent:demo", "200 executions wait"),
                absl::Milliseconds(1500))),
            "airlock: too much\n"
            "  agent:demo: 200 executions wait\n"
            "  try again in 1.5 s\n");
}

TEST(ErrorTextTest, ServersTextCannotMoveTheCursor) {
  EXPECT_EQ(ErrorText(absl::InternalError("a\x1b[2J")),
            "airlock: a\\u{001B}[2J\n");
}

TEST(ErrorMessageTest, DetailsStay) {
  const google::rpc::Status message =
      ErrorMessage(MakeError(absl::StatusCode::kNotFound, "R", "m"));

  EXPECT_EQ(message.code(), 5);
  EXPECT_EQ(message.message(), "m");
  ASSERT_EQ(message.details_size(), 1);
}

}  // namespace
}  // namespace airlock::cli
