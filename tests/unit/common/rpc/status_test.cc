#include "common/rpc/status.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "common/status/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace airlock {
namespace {

TEST(GrpcStatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(GrpcStatusTest, DetailsAreGoogleRpcStatusOnTheWire) {
  const grpc::Status status =
      ToGrpcStatus(MakeError(absl::StatusCode::kNotFound, "NO_SUCH_EXECUTION",
                             "no such execution", {{"id", "x"}}));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such execution");
  google::rpc::Status wire;
  ASSERT_TRUE(wire.ParseFromString(status.error_details()));
  EXPECT_EQ(wire.code(), 5);
  ASSERT_EQ(wire.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(wire.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "NO_SUCH_EXECUTION");
  EXPECT_EQ(info.domain(), "airlock.dev");
}

TEST(GrpcStatusTest, EveryDetailComesBack) {
  const absl::Status status = WithRetryDelay(
      WithQuotaFailure(MakeError(absl::StatusCode::kResourceExhausted,
                                 "QUEUE_FULL", "the queue is full"),
                       "agent:demo", "waiting executions"),
      absl::Milliseconds(1500));

  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)), status);
}

TEST(GrpcStatusTest, UnreadableDetailsLeaveCodeAndMessage) {
  const absl::Status status = FromGrpcStatus(
      grpc::Status(grpc::StatusCode::ABORTED, "stop", "\xff\xff\xff"));

  EXPECT_EQ(status, absl::AbortedError("stop"));
}

}  // namespace
}  // namespace airlock
