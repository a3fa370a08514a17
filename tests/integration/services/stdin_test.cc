// Input that comes after the request, through all three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::WriteStdinRequest;
using airlock::v1::WriteStdinResponse;

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

ExecuteRequest Interactive(const std::vector<std::string>& args) {
  ExecuteRequest request = Command(args);
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_accepts_later_input(true);
  return request;
}

class StdinTest : public testing::Test {
 protected:
  StdinTest() {
    stack_.StartExecutor("ex1");
    stack_.WaitReady();
  }
  ~StdinTest() override {
    if (reading_.joinable()) reading_.join();
  }

  // Begins an execution, reads its events to the end elsewhere, and returns
  // its id.
  std::string Begin(const ExecuteRequest& request) {
    reader_ = client_->Execute(context_.get(), request);
    airlock::v1::ExecuteResponse response;
    EXPECT_TRUE(reader_->Read(&response));
    reading_ = std::thread(
        [this] { told_ = ReadAll<airlock::v1::ExecuteResponse>(*reader_); });
    return response.event().accepted().id();
  }
  const Transcript& End() {
    reading_.join();
    return told_;
  }

  static WriteStdinRequest Request(const std::string& id, std::uint64_t offset,
                                   std::string data, bool close = false) {
    WriteStdinRequest request;
    request.set_id(id);
    request.set_offset(offset);
    request.set_data(std::move(data));
    request.set_close(close);
    return request;
  }
  absl::StatusOr<WriteStdinResponse> Write(const WriteStdinRequest& request,
                                           const std::string& as = "ada") {
    return Write(request, *Stack::As(as));
  }
  absl::StatusOr<WriteStdinResponse> Write(const WriteStdinRequest& request,
                                           grpc::ClientContext& context) {
    WriteStdinResponse response;
    const absl::Status status =
        FromGrpcStatus(client_->WriteStdin(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  // Writes all of it, in calls of at most this size.
  void WriteAll(const std::string& id, const std::string& data,
                std::size_t at_once) {
    std::uint64_t offset = 0;
    bool closed = false;
    while (!closed) {
      const std::string piece = data.substr(offset, at_once);
      const auto response = Write(
          Request(id, offset, piece, offset + piece.size() == data.size()));
      ASSERT_THAT(response, IsOk());
      ASSERT_TRUE(response->closed() || response->next_offset() > offset);
      offset = response->next_offset();
      closed = response->closed();
    }
    EXPECT_EQ(offset, data.size());
  }
  // Fills what may be under way to a process that never reads.
  void Fill(const std::string& id) {
    const auto filled = Write(Request(id, 0, std::string(kMebibyte, 'x')));
    ASSERT_THAT(filled, IsOk());
    ASSERT_EQ(filled->next_offset(), kWindow);
  }
  // Another call finds the place free, within moments, and waits until its
  // deadline.
  void ExpectRoom(const std::string& id) {
    absl::Status status = absl::AbortedError("");
    const absl::Time give_up = absl::Now() + absl::Seconds(10);
    while (absl::IsAborted(status) && absl::Now() < give_up) {
      const auto context = Stack::As("ada");
      SetTimeout(*context, absl::Milliseconds(200));
      status = Write(Request(id, kWindow, "more"), *context).status();
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  // Long enough for a call to be under way, or for nothing.
  static void SleepALittle() { absl::SleepFor(absl::Milliseconds(100)); }

  static constexpr std::uint64_t kWindow = 256 * 1024;

  Stack stack_;
  std::unique_ptr<airlock::v1::ExecutionService::Stub> client_ =
      stack_.Client();
  std::unique_ptr<grpc::ClientContext> context_ = Stack::As("ada");
  std::unique_ptr<grpc::ClientReader<airlock::v1::ExecuteResponse>> reader_;
  std::thread reading_;
  Transcript told_;
};

TEST_F(StdinTest, WhatIsWrittenReachesTheProcess) {
  ExecuteRequest request = Interactive({"cat"});
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_stdin("first ");
  const std::string id = Begin(request);

  const auto second = Write(Request(id, 0, "second "));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->next_offset(), 7U);
  EXPECT_FALSE(second->closed());
  const auto third =
      Write(Request(id, 7, std::string("\0\xff", 2), /*close=*/true));
  ASSERT_THAT(third, IsOk());
  EXPECT_TRUE(third->closed());

  EXPECT_EQ(End().stdout_data, std::string("first second \0\xff", 15));
}

TEST_F(StdinTest, MuchInputPassesThroughSmallWindows) {
  const std::string id = Begin(Interactive({"cat"}));
  std::string data;
  while (data.size() < 10 * kMebibyte) absl::StrAppend(&data, data.size(), " ");

  WriteAll(id, data, kMebibyte);

  const Transcript& told = End();
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  EXPECT_EQ(told.skipped_bytes, 0U);
  EXPECT_TRUE(told.stdout_data == data);
}

TEST_F(StdinTest, RepeatedCallsWriteOnce) {
  const std::string id = Begin(Interactive({"cat"}));

  for (int i = 0; i < 3; ++i) ASSERT_THAT(Write(Request(id, 0, "ab")), IsOk());
  ASSERT_THAT(Write(Request(id, 1, "bc", true)), IsOk());
  const auto again = Write(Request(id, 1, "bc", true));

  // The process may have ended meanwhile.
  if (again.ok()) {
    EXPECT_EQ(again->next_offset(), 3U);
    EXPECT_TRUE(again->closed());
  } else {
    EXPECT_EQ(ErrorReason(again.status()), "EXECUTION_ENDED");
  }
  EXPECT_EQ(End().stdout_data, "abc");
}

TEST_F(StdinTest, ProcessThatNeverReadsMakesTheCallWaitUntilItEnds) {
  const std::string id = Begin(Interactive({"sleep", "2"}));
  Fill(id);

  const auto waited = Write(Request(id, kWindow, "more"));

  EXPECT_EQ(ErrorReason(waited.status()), "EXECUTION_ENDED");
  EXPECT_EQ(End().completed.outcome().ended_by(),
            airlock::v1::Outcome::ENDED_BY_EXITED);
}

TEST_F(StdinTest, CancelOrDeadlineOfACallThatWaitsMakesRoom) {
  const std::string id = Begin(Interactive({"sleep", "20"}));
  Fill(id);
  const auto context = Stack::As("ada");
  std::thread canceller([&] {
    SleepALittle();
    context->TryCancel();
  });
  EXPECT_THAT(Write(Request(id, kWindow, "more"), *context).status(),
              StatusIs(absl::StatusCode::kCancelled));
  canceller.join();

  ExpectRoom(id);
  ExpectRoom(id);

  airlock::v1::CancelExecutionRequest cancel;
  cancel.set_id(id);
  airlock::v1::CancelExecutionResponse response;
  EXPECT_TRUE(
      client_->CancelExecution(Stack::As("ada").get(), cancel, &response).ok());
}

TEST_F(StdinTest, OneCallAtATime) {
  const std::string id = Begin(Interactive({"sleep", "2"}));
  Fill(id);
  absl::StatusOr<WriteStdinResponse> first;
  std::thread waiting([&] { first = Write(Request(id, kWindow, "more")); });
  absl::StatusOr<WriteStdinResponse> second;
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (!absl::IsAborted(second.status()) && absl::Now() < give_up) {
    auto context = Stack::As("ada");
    SetTimeout(*context, absl::Milliseconds(50));
    second = Write(Request(id, kWindow, "more"), *context);
  }
  waiting.join();

  EXPECT_EQ(ErrorReason(second.status()), "WRITE_IN_PROGRESS");
}

TEST_F(StdinTest, CallWaitsForTheStart) {
  stack_.StopExecutor("ex1");
  const std::string id = Begin(Interactive({"cat"}));
  absl::StatusOr<WriteStdinResponse> written;
  std::thread writer([&] { written = Write(Request(id, 0, "early", true)); });
  SleepALittle();
  stack_.StartExecutor("ex1");
  writer.join();

  ASSERT_THAT(written, IsOk());
  EXPECT_TRUE(written->closed());
  EXPECT_EQ(End().stdout_data, "early");
}

TEST_F(StdinTest, RefusalsSayWhatIsWrong) {
  const std::string id = Begin(Interactive({"cat"}));

  EXPECT_EQ(ErrorReason(Write(Request(id, 5, "x")).status()), "INPUT_GAP");
  const absl::Status large =
      Write(Request(id, 0, std::string(kMebibyte + 1, 'x'))).status();
  EXPECT_THAT(large, StatusIs(absl::StatusCode::kInvalidArgument,
                              testing::HasSubstr("1048576")));
  EXPECT_EQ(ErrorReason(large), "INVALID_FIELD");
  EXPECT_THAT(Write(Request(id, 0, "x"), "bob"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(Write(Request(id, 0, "x"), "olga").status()),
            "ROLE_NOT_ALLOWED");

  ASSERT_THAT(Write(Request(id, 0, "", true)), IsOk());
  EXPECT_EQ(End().stdout_data, "");
}

TEST_F(StdinTest, InputThatWasNotAskedForIsRefused) {
  const std::string id = Begin(Command({"sleep", "1"}));

  const absl::Status status = Write(Request(id, 0, "x")).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(status), "INPUT_NOT_ACCEPTED");
  End();
}

}  // namespace
}  // namespace airlock
