#include "services/gateway/web/json_answer.h"

#include <gtest/gtest.h>

#include "common/status/error.h"

namespace airlock::gateway {
namespace {

TEST(ErrorJsonTest, HasAllThatTheErrorSays) {
  FieldViolations violations;
  violations.Add("comment", "must be UTF-8");

  EXPECT_EQ(ErrorJson(violations.ToStatus()).substr(0, 28),
            R"({"code":"INVALID_ARGUMENT",")");
  EXPECT_NE(ErrorJson(violations.ToStatus())
                .find(R"("violations":[{"field":"comment",)"
                      R"("description":"must be UTF-8"}])"),
            std::string::npos);
  EXPECT_EQ(
      ErrorJson(WithRetryDelay(MakeError(absl::StatusCode::kUnavailable, "GONE",
                                         "not <now>", {{"b", "2"}, {"a", "1"}}),
                               absl::Milliseconds(1500))),
      R"({"code":"UNAVAILABLE","message":"not <now>","reason":"GONE",)"
      R"("metadata":{"a":"1","b":"2"},"retryAfterMs":1500})");
}

TEST(ErrorResponseTest, HasItsStatus) {
  EXPECT_EQ(ErrorResponse(absl::NotFoundError("")).status, 404);
  EXPECT_EQ(ErrorResponse(absl::UnauthenticatedError("")).status, 401);
  EXPECT_EQ(ErrorResponse(absl::PermissionDeniedError("")).status, 403);
  EXPECT_EQ(ErrorResponse(absl::FailedPreconditionError("")).status, 409);
  EXPECT_EQ(ErrorResponse(absl::InternalError("")).status, 500);
}

}  // namespace
}  // namespace airlock::gateway
