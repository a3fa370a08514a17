#include "services/gateway/calls/request_check.h"

#include <gmock/gmock.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "airlock/v1/execution.pb.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ExecuteRequest;
using testing::HasSubstr;

RelayedMethod ExecuteMethod() {
  return RelayedMethodFrom(*ExecuteRequest::descriptor()
                                ->file()
                                ->FindServiceByName("ExecutionService")
                                ->FindMethodByName("Execute"),
                           absl::Seconds(30), absl::Hours(24));
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToText(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

TEST(RelayedMethodTest, SchemaTellsEverything) {
  const RelayedMethod method = ExecuteMethod();

  EXPECT_EQ(method.path, "/airlock.v1.ExecutionService/Execute");
  EXPECT_EQ(method.full_name, "airlock.v1.ExecutionService.Execute");
  EXPECT_TRUE(method.streaming);
  EXPECT_EQ(method.longest, absl::Hours(24));
}

TEST(CheckRequestTest, BytesWithRequestIdPassUntouched) {
  // The id after the flag: not as this program would write it.
  const std::string bytes("\x28\x01\x0a\x01x", 5);

  const auto checked = CheckRequest(ExecuteMethod(), ToBuffer(bytes));

  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(ToText(*checked), bytes);
}

TEST(CheckRequestTest, EveryMintedRequestIdIsNew) {
  ExecuteRequest first;
  ExecuteRequest second;
  first.ParseFromString(ToText(*CheckRequest(ExecuteMethod(), ToBuffer(""))));
  second.ParseFromString(ToText(*CheckRequest(ExecuteMethod(), ToBuffer(""))));

  EXPECT_EQ(first.request_id().size(), 36);
  EXPECT_NE(first.request_id(), second.request_id());
}

TEST(CheckRequestTest, WhatIsNotTheMessageIsRefused) {
  for (const char* bytes : {"\x0a\x05x" /* cut */, "\xff\xff" /* no tag */,
                            "\x0a\x01\xff" /* not UTF-8 */}) {
    const absl::Status status =
        CheckRequest(ExecuteMethod(), ToBuffer(bytes)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("airlock.v1.ExecuteRequest")));
    EXPECT_EQ(ErrorReason(status), "MALFORMED_REQUEST");
  }
}

TEST(CheckRequestTest, UnknownFieldIsRefused) {
  EXPECT_THAT(
      CheckRequest(ExecuteMethod(), ToBuffer("\x78\x01")).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("15 must not")));
}

TEST(CheckRequestTest, TooLargeIsRefusedBeforeItIsRead) {
  const std::string bytes(16 * 1024 * 1024 + 1, '\xff');

  EXPECT_EQ(
      ErrorReason(CheckRequest(ExecuteMethod(), ToBuffer(bytes)).status()),
      "MESSAGE_TOO_LARGE");
}

}  // namespace
}  // namespace airlock::gateway
