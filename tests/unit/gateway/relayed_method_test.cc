#include "services/gateway/calls/relayed_method.h"

#include <gtest/gtest.h>

#include "airlock/v1/execution.pb.h"

namespace airlock::gateway {
namespace {

RelayedMethod Method(const std::string& name) {
  const google::protobuf::ServiceDescriptor* service =
      airlock::v1::ExecuteRequest::descriptor()->file()->FindServiceByName(
          "ExecutionService");
  return RelayedMethodFrom(*service->FindMethodByName(name),
                           /*unary_timeout=*/absl::Seconds(30),
                           /*stream_timeout=*/absl::Hours(24));
}

TEST(RelayedMethodTest, UnaryCallIsShort) {
  const RelayedMethod method = Method("GetExecution");

  EXPECT_EQ(method.path, "/airlock.v1.ExecutionService/GetExecution");
  EXPECT_EQ(method.full_name, "airlock.v1.ExecutionService.GetExecution");
  EXPECT_FALSE(method.streaming);
  EXPECT_EQ(method.longest, absl::Seconds(30));
}

TEST(RelayedMethodTest, StreamMayBeLong) {
  EXPECT_TRUE(Method("WatchExecution").streaming);
  EXPECT_EQ(Method("WatchExecution").longest, absl::Hours(24));
}

TEST(RelayedMethodTest, CallThatWaitsMayBeLong) {
  EXPECT_FALSE(Method("WriteStdin").streaming);
  EXPECT_EQ(Method("WriteStdin").longest, absl::Hours(24));
}

}  // namespace
}  // namespace airlock::gateway
