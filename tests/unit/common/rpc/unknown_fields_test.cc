#include "common/rpc/unknown_fields.h"

#include <gmock/gmock.h>

#include "airlock/v1/execution.pb.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using testing::AllOf;
using testing::HasSubstr;

void AddUnknownField(google::protobuf::Message& message, int number) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(number, 1);
}

TEST(RefuseUnknownFieldsTest, KnownFieldsPass) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id("a");
  (*request.mutable_action()
        ->mutable_code_exec()
        ->mutable_input()
        ->mutable_env())["A"] = "b";

  EXPECT_THAT(RefuseUnknownFields(request), IsOk());
}

TEST(RefuseUnknownFieldsTest, TopLevelIsNamedByNumber) {
  airlock::v1::ExecuteRequest request;
  AddUnknownField(request, 4711);

  const absl::Status status = RefuseUnknownFields(request);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("4711 must not be set"),
                                     HasSubstr("airlock.v1.ExecuteRequest"))));
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
}

TEST(RefuseUnknownFieldsTest, DeepOneIsNamedByItsPath) {
  airlock::v1::ExecuteRequest request;
  auto* input = request.mutable_action()->mutable_code_exec()->mutable_input();
  input->add_files();
  AddUnknownField(*input->add_files(), 99);

  EXPECT_THAT(RefuseUnknownFields(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("action.code_exec.input.files[1].99")));
}

TEST(RefuseUnknownFieldsTest, WhatTheWireBringsIsFound) {
  airlock::v1::ExecuteRequest request;
  // Field 15, a varint.
  ASSERT_TRUE(request.ParseFromString(std::string("\x78\x01", 2)));

  EXPECT_THAT(RefuseUnknownFields(request),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RefuseUnknownFieldsTest, ManyGiveAShortError) {
  airlock::v1::ExecuteRequest request;
  for (int i = 0; i < 10'000; ++i) AddUnknownField(request, 1000 + i);

  EXPECT_LT(RefuseUnknownFields(request).message().size(), 4096);
}

}  // namespace
}  // namespace airlock
