// What is refused on its way in: nothing of it runs.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "google/rpc/error_details.pb.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::Execution;

class RefusalTest : public testing::Test {
 protected:
  explicit RefusalTest(
      const std::string& contract = R"("autonomy":{"level":"full"})")
      : stack_(contract) {
    stack_.StartExecutor("ex1");
    stack_.WaitReady();
  }
  ~RefusalTest() override {
    EXPECT_EQ(stack_.backend("ex1").started_processes().size(), 0u);
  }

  // The first wrong field of the answer's google.rpc.BadRequest.
  static std::string Field(const absl::Status& status) {
    const auto payload =
        status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
    google::rpc::BadRequest bad;
    if (!payload.has_value() || !bad.ParseFromString(std::string(*payload)) ||
        bad.field_violations().empty()) {
      return "";
    }
    return bad.field_violations(0).field();
  }

  Stack stack_;
};

TEST_F(RefusalTest, NoTokenAndAWrongTokenAreUnauthenticated) {
  const ExecuteRequest request = Command({"echo", "hi"});
  EXPECT_THAT(stack_.Execute("nobody", request).status,
              StatusIs(absl::StatusCode::kUnauthenticated));
  grpc::ClientContext bare;
  SetTimeout(bare, absl::Seconds(10));
  airlock::v1::ListExecutionsResponse response;
  const absl::Status status =
      FromGrpcStatus(stack_.Client()->ListExecutions(&bare, {}, &response));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(status), "TOKEN_MISSING");
}

TEST_F(RefusalTest, OperatorMayNotExecute) {
  const absl::Status status =
      stack_.Execute("olga", Command({"echo", "hi"})).status;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(status), "ROLE_NOT_ALLOWED");
}

TEST_F(RefusalTest, EmptyActionsNameTheirField) {
  EXPECT_EQ(Field(stack_.Execute("ada", ExecuteRequest()).status), "action");
  const absl::Status status = stack_.Execute("ada", Command({""})).status;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Field(status), testing::StartsWith("action.system_command.argv"));
}

TEST_F(RefusalTest, NulBytesAreRefused) {
  EXPECT_THAT(
      stack_.Execute("ada", Command({"echo", std::string("a\0b", 3)})).status,
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(RefusalTest, TenMegabytesOfCodeAreRefused) {
  ExecuteRequest request;
  auto& code = *request.mutable_action()->mutable_code_exec();
  code.set_language("python");
  code.set_code(std::string(10 << 20, '#'));
  const absl::Status status = stack_.Execute("ada", request).status;

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Field(status), "action.code_exec.code");
}

TEST_F(RefusalTest, MessageBeyondAllBoundsIsRefused) {
  ExecuteRequest request = Command({"echo"});
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_stdin(std::string(20 << 20, 'x'));

  EXPECT_THAT(stack_.Execute("ada", request).status,
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(RefusalTest, UnknownLanguageListsThoseThatAre) {
  ExecuteRequest request;
  request.mutable_action()->mutable_code_exec()->set_language("cobol");
  request.mutable_action()->mutable_code_exec()->set_code("x");

  EXPECT_THAT(stack_.Execute("ada", request).status,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("python")));
}

TEST_F(RefusalTest, UnknownFieldIsRefused) {
  ExecuteRequest request = Command({"echo", "hi"});
  request.mutable_action()
      ->GetReflection()
      ->MutableUnknownFields(request.mutable_action())
      ->AddVarint(4711, 1);
  const absl::Status status = stack_.Execute("ada", request).status;

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               testing::HasSubstr("4711")));
}

TEST_F(RefusalTest, KindsToComeAreUnimplemented) {
  ExecuteRequest request;
  request.mutable_action()->mutable_http_get()->set_url("http://example.com/");
  const absl::Status status = stack_.Execute("ada", request).status;

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_EQ(ErrorReason(status), "ACTION_NOT_IMPLEMENTED");
}

TEST_F(RefusalTest, WiderLimitsAreRefused) {
  ExecuteRequest request = Command({"echo", "hi"});
  request.mutable_limits()->set_memory_bytes(std::uint64_t{1} << 40);
  EXPECT_EQ(Field(stack_.Execute("ada", request).status),
            "limits.memory_bytes");
}

TEST_F(RefusalTest, WhatIsNotThereIsNotFound) {
  EXPECT_THAT(stack_.Watch("ada", "01hf7yat00jvwhf9txca35f173").status,
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RefusalTest, PeerWithTheWrongRoleIsRefused) {
  const auto credentials = MutualTlsChannelCredentials(
      stack_.certs().ForRole(airlock::v1::PEER_ROLE_GATEWAY), "test");
  ASSERT_THAT(credentials, IsOk());
  const auto channel =
      MakeChannel(absl::StrCat("127.0.0.1:", stack_.policy().port()),
                  *credentials, {PeerDnsName(airlock::v1::PEER_ROLE_POLICY)});
  const auto stub =
      airlock::internal::v1::ExecutorLinkService::NewStub(channel);
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(10));
  const auto stream = stub->Connect(&context);
  airlock::internal::v1::ConnectRequest hello;
  hello.mutable_hello()->set_protocol_version(1);
  stream->Write(hello);
  const absl::Status status = FromGrpcStatus(stream->Finish());

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(status), "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(RefusalTest, ExecutorMayNotAskForActions) {
  const auto credentials = MutualTlsChannelCredentials(
      stack_.certs().ForRole(airlock::v1::PEER_ROLE_EXECUTOR), "test");
  ASSERT_THAT(credentials, IsOk());
  const auto stub = airlock::v1::ExecutionService::NewStub(
      MakeChannel(absl::StrCat("127.0.0.1:", stack_.policy().port()),
                  *credentials, {PeerDnsName(airlock::v1::PEER_ROLE_POLICY)}));
  airlock::v1::ListExecutionsResponse response;
  const absl::Status status = FromGrpcStatus(
      stub->ListExecutions(Stack::As("ada").get(), {}, &response));

  EXPECT_EQ(ErrorReason(status), "PEER_ROLE_NOT_ALLOWED");
}

class DeniedTest : public RefusalTest {
 protected:
  DeniedTest()
      : RefusalTest(R"("autonomy":{"level":"full",
                       "blockedActions":["system_command"]},
                       "approvalGating":{"enabled":false,"rules":[
                         {"action":"code_exec","approval":"required"}]})") {}
};

TEST_F(DeniedTest, DenialIsAFinalEventOfAnAcceptedRequest) {
  const Transcript told = stack_.Execute("ada", Command({"echo", "hi"}));

  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.completed.state(), Execution::STATE_DENIED);
  EXPECT_EQ(told.completed.decision().reason(), "BLOCKED_ACTION");
  EXPECT_EQ(told.completed.decision().rule(), "autonomy.blockedActions");
}

TEST_F(DeniedTest, WhatNeedsApprovalIsDeniedWhereNobodyIsAsked) {
  ExecuteRequest request;
  request.mutable_action()->mutable_code_exec()->set_language("python");
  request.mutable_action()->mutable_code_exec()->set_code("print(1)");
  const Transcript told = stack_.Execute("ada", request);

  EXPECT_EQ(told.completed.state(), Execution::STATE_DENIED);
  EXPECT_EQ(told.completed.state_reason(), "APPROVAL_GATING_DISABLED");
}

}  // namespace
}  // namespace airlock
