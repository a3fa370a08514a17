#include "services/gateway/web/stream_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "airlock/v1/approval.pb.h"
#include "airlock/v1/execution.pb.h"
#include "common/status/error.h"

namespace airlock::gateway {
namespace {

using airlock::v1::WatchExecutionResponse;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kWatch[] = "ExecutionService/WatchExecution";

WatchExecutionResponse Output(airlock::v1::OutputStream stream,
                              std::uint64_t offset, const std::string& data) {
  WatchExecutionResponse response;
  airlock::v1::OutputChunk& chunk = *response.mutable_event()->mutable_output();
  chunk.set_stream(stream);
  chunk.set_offset(offset);
  chunk.set_data(data);
  return response;
}

TEST(EventStreamFormTest, IdsSayHowFarOutputCame) {
  const StreamForm form = EventStreamForm();

  EXPECT_THAT(form.piece(Output(airlock::v1::OUTPUT_STREAM_STDOUT, 10, "abc")),
              StartsWith("id: 13-0\ndata: {"));
  EXPECT_THAT(form.piece(Output(airlock::v1::OUTPUT_STREAM_STDERR, 0, "e")),
              StartsWith("id: 13-1\ndata: {"));
}

TEST(EventStreamFormTest, OneEventIsOneLineOfData) {
  airlock::v1::WatchApprovalsResponse response;
  response.mutable_approval()->set_explanation("a\n\ndata: b\r\n");

  const std::string event = EventStreamForm().piece(response);

  EXPECT_THAT(event, StartsWith("data: {"));
  EXPECT_EQ(event.find('\n'), event.size() - 2);
  EXPECT_EQ(event.find('\r'), std::string::npos);
}

TEST(EventStreamFormTest, TheEndSaysWhy) {
  const StreamForm form = EventStreamForm();

  EXPECT_EQ(form.last_piece(absl::OkStatus()), "event: end\ndata: {}\n\n");
  EXPECT_THAT(form.last_piece(
                  MakeError(absl::StatusCode::kNotFound, "NO_SUCH", "gone")),
              HasSubstr("\"reason\":\"NO_SUCH\""));
}

TEST(ResumedRequestTest, GoesOnWhereItWas) {
  EXPECT_THAT(ResumedRequest(kWatch, R"({"id":"x"})", "7-9"),
              testing::AllOf(HasSubstr("\"stdoutOffset\":\"7\""),
                             HasSubstr("\"stderrOffset\":\"9\""),
                             HasSubstr("\"id\":\"x\"")));
}

TEST(ResumedRequestTest, WhatIsNoPositionChangesNothing) {
  constexpr char kRequest[] = R"({"id":"x"})";
  for (const char* id : {"", "7", "a-b", "7-", "-1-0", "7-9-1"}) {
    EXPECT_EQ(ResumedRequest(kWatch, kRequest, id), kRequest) << id;
  }
  EXPECT_EQ(ResumedRequest("ApprovalService/WatchApprovals", "{}", "7-9"),
            "{}");
}

}  // namespace
}  // namespace airlock::gateway
