#include "services/gateway/clients/policy_client.h"

#include <gmock/gmock.h>

#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::Status ForAgent(grpc::StatusCode code, const std::string& message) {
  return FromGrpcStatus(StatusForAgent(grpc::Status(code, message)));
}

TEST(StatusForAgentTest, WhatThePolicySaidIsUntouched) {
  const grpc::Status status = ToGrpcStatus(
      MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going down"));

  EXPECT_EQ(FromGrpcStatus(StatusForAgent(status)), FromGrpcStatus(status));
  EXPECT_TRUE(StatusForAgent(grpc::Status::OK).ok());
}

TEST(StatusForAgentTest, BrokenWayTellsNothingOfTheNetwork) {
  const absl::Status status = ForAgent(
      grpc::StatusCode::UNAVAILABLE, "failed to connect to ipv4:10.1.2.3:7401");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                               Not(HasSubstr("10.1.2.3"))));
  EXPECT_EQ(ErrorReason(status), "POLICY_UNAVAILABLE");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")
                  .has_value());
}

TEST(StatusForAgentTest, EveryErrorHasAReason) {
  EXPECT_EQ(ErrorReason(ForAgent(grpc::StatusCode::DEADLINE_EXCEEDED, "x")),
            "DEADLINE_EXCEEDED");
  EXPECT_EQ(ErrorReason(ForAgent(grpc::StatusCode::CANCELLED, "x")),
            "CANCELLED");
  const absl::Status other = ForAgent(grpc::StatusCode::UNIMPLEMENTED, "x");
  EXPECT_THAT(other, StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_EQ(ErrorReason(other), "POLICY_ERROR");
}

}  // namespace
}  // namespace airlock::gateway
