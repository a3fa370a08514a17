// The gateway against a policy service over real mutual TLS.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "services/gateway/gateway_app.h"
#include "tests/integration/gateway/fake_policy.h"
#include "tests/support/raw_call.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::ExecuteResponse;
using airlock::v1::ExecutionService;
using testing::HasSubstr;

constexpr char kGetPath[] = "/airlock.v1.ExecutionService/GetExecution";

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() {
    policy_.emplace(certs_);
    settings_.listen = {"127.0.0.1", 0};
    settings_.metrics_listen = {"127.0.0.1", 0};
    settings_.probe_listen = {"127.0.0.1", 0};
    settings_.internal_tls = certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY);
    settings_.policy_target = absl::StrCat("127.0.0.1:", policy_->port());
    settings_.tokens_path = certs_.WriteFile(
        "tokens.json", TokenFileText({{"demo", "agent", "good"},
                                      {"ann", "approver", "approvers"},
                                      {"ops", "operator", "operators"}}));
    settings_.max_calls_per_principal = 2;
  }

  void Start() {
    auto app = GatewayApp::Start(settings_);
    ASSERT_THAT(app, IsOk());
    app_ = *std::move(app);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", app_->port()),
                                   grpc::InsecureChannelCredentials());
    stub_ = ExecutionService::NewStub(channel_);
    probes_ =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", app_->probe_port()),
                            grpc::InsecureChannelCredentials());
  }

  // Asks until the answer is `ready`.
  bool WaitForReady(bool ready) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (absl::Now() < deadline) {
      const absl::StatusOr<bool> serving = IsServing(probes_, "readiness");
      if (serving.ok() && *serving == ready) return true;
    }
    return false;
  }

  static std::unique_ptr<grpc::ClientContext> Context(
      const std::string& token = "good") {
    auto context = std::make_unique<grpc::ClientContext>();
    SetTimeout(*context, absl::Seconds(20));
    if (!token.empty()) {
      context->AddMetadata("authorization", absl::StrCat("Bearer ", token));
    }
    return context;
  }

  absl::Status Get(const std::string& token = "good") {
    auto context = Context(token);
    airlock::v1::GetExecutionRequest request;
    request.set_id("abc");
    airlock::v1::GetExecutionResponse response;
    const grpc::Status status =
        stub_->GetExecution(context.get(), request, &response);
    got_id_ = response.execution().id();
    return FromGrpcStatus(status);
  }

  absl::Status Cancel(const std::string& token) {
    auto context = Context(token);
    airlock::v1::CancelExecutionRequest request;
    request.set_id("abc");
    airlock::v1::CancelExecutionResponse response;
    return FromGrpcStatus(
        stub_->CancelExecution(context.get(), request, &response));
  }

  // Executes, reads everything and returns the end.
  absl::Status Execute(const ExecuteRequest& request) {
    auto context = Context();
    auto stream = stub_->Execute(context.get(), request);
    ExecuteResponse response;
    bytes_ = 0;
    while (stream->Read(&response)) {
      EXPECT_EQ(response.event().output().offset(), bytes_);
      bytes_ += response.event().output().data().size();
    }
    return FromGrpcStatus(stream->Finish());
  }

  TestCerts certs_;
  std::optional<FakePolicy> policy_;
  GatewaySettings settings_;
  std::unique_ptr<GatewayApp> app_;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<grpc::Channel> probes_;
  std::unique_ptr<ExecutionService::Stub> stub_;
  std::string got_id_;
  std::uint64_t bytes_ = 0;
};

TEST_F(GatewayTest, UnaryCallGoesThroughWithItsCredential) {
  Start();

  ASSERT_THAT(Get(), IsOk());

  EXPECT_EQ(got_id_, "abc");
  EXPECT_EQ(policy_->last_authorization(), "Bearer good");
  EXPECT_LT(policy_->last_deadline(), absl::Now() + absl::Seconds(21));
}

TEST_F(GatewayTest, UnaryDeadlineIsBounded) {
  Start();
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer good");
  airlock::v1::GetExecutionResponse response;

  ASSERT_TRUE(stub_->GetExecution(&context, {}, &response).ok());

  EXPECT_LT(policy_->last_deadline(), absl::Now() + absl::Seconds(31));
}

TEST_F(GatewayTest, StreamComesInOrderAndWhole) {
  Start();
  policy_->SetStream(20, grpc::Status::OK);

  ASSERT_THAT(Execute({}), IsOk());

  EXPECT_EQ(bytes_, 20 * FakePolicy::kEventBytes);
}

TEST_F(GatewayTest, StreamWithoutClientDeadlineHasAnUpperBound) {
  Start();
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer good");
  auto stream = stub_->Execute(&context, {});
  ASSERT_TRUE(stream->Finish().ok());

  EXPECT_GT(policy_->last_deadline(), absl::Now() + absl::Hours(23));
  EXPECT_LT(policy_->last_deadline(), absl::Now() + absl::Hours(25));
}

TEST_F(GatewayTest, RequestIdIsMintedOnlyWhereThereIsNone) {
  Start();
  ASSERT_THAT(Execute({}), IsOk());
  const std::string minted = policy_->last_execute().request_id();
  ExecuteRequest request;
  request.set_request_id("mine");
  request.set_cancel_on_disconnect(true);
  ASSERT_THAT(Execute(request), IsOk());

  EXPECT_THAT(minted, testing::MatchesRegex(
                          "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]"
                          "[0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(policy_->last_execute().SerializeAsString(),
            request.SerializeAsString());
}

TEST_F(GatewayTest, NoTokenWrongTokenWrongRoleAreRefused) {
  Start();
  EXPECT_THAT(Get(""), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(Get("")), "TOKEN_MISSING");
  EXPECT_THAT(Get("bad"), StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(Get("bad")), "TOKEN_INVALID");
  const absl::Status wrong_role = Cancel("approvers");
  EXPECT_THAT(wrong_role, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(wrong_role), "ROLE_NOT_ALLOWED");

  EXPECT_EQ(policy_->last_authorization(), "");
}

TEST_F(GatewayTest, GatewayWithTheWrongCertificateRoleIsRefusedByPolicy) {
  settings_.internal_tls = certs_.ForRole(airlock::v1::PEER_ROLE_EXECUTOR);
  Start();

  EXPECT_EQ(ErrorReason(Get()), "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(GatewayTest, StatusDetailsPassUnchanged) {
  Start();
  const absl::Status error = WithQuotaFailure(
      WithRetryDelay(MakeError(absl::StatusCode::kResourceExhausted,
                               "QUEUE_FULL", "the queue is full"),
                     absl::Seconds(3)),
      "agent:demo", "waiting executions");
  policy_->SetGetStatus(ToGrpcStatus(error));
  policy_->SetStream(1, ToGrpcStatus(error));

  EXPECT_EQ(Get(), error);
  EXPECT_EQ(Execute({}), error);
}

TEST_F(GatewayTest, UnknownFieldIsRefusedWithItsPath) {
  Start();
  ExecuteRequest request;
  auto* code = request.mutable_action()->mutable_code_exec();
  code->GetReflection()->MutableUnknownFields(code)->AddVarint(99, 1);

  EXPECT_THAT(Execute(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("action.code_exec.99")));
}

TEST_F(GatewayTest, RequestThatIsNotUtf8IsRefused) {
  Start();

  // Field 1, a text of one byte 0xff.
  const auto response = RawCall(channel_, kGetPath, "\x0a\x01\xff",
                                {{"authorization", "Bearer good"}});

  EXPECT_THAT(response.status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(response.status()), "MALFORMED_REQUEST");
}

TEST_F(GatewayTest, MessageOverTheLimitIsRefusedWithDetails) {
  Start();
  airlock::v1::GetExecutionRequest request;
  request.set_id(std::string(16 * 1024 * 1024, 'x'));

  const auto response = RawCall(channel_, kGetPath, request.SerializeAsString(),
                                {{"authorization", "Bearer good"}});

  EXPECT_THAT(response.status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(response.status()), "MESSAGE_TOO_LARGE");
}

TEST_F(GatewayTest, MessageFarOverTheLimitIsRefused) {
  Start();

  const auto response =
      RawCall(channel_, kGetPath, std::string(20 * 1024 * 1024, 'x'),
              {{"authorization", "Bearer good"}});

  EXPECT_THAT(response.status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(GatewayTest, TooManyCallsOfOnePrincipalAreRefused) {
  Start();
  policy_->SetStream(1, grpc::Status::OK, /*hang=*/true);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<ExecuteResponse>>> streams;
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(Context());
    streams.push_back(stub_->Execute(contexts.back().get(), {}));
    ExecuteResponse response;
    ASSERT_TRUE(streams.back()->Read(&response));
  }

  const absl::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("2 calls in flight")));
  EXPECT_EQ(ErrorReason(status), "TOO_MANY_CALLS");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.QuotaFailure")
                  .has_value());
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")
                  .has_value());

  for (auto& context : contexts) context->TryCancel();
  for (auto& stream : streams) stream->Finish();
  // The places come back as soon as the gateway has noticed, each by itself.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  absl::Status again = Get();
  while (!again.ok() && absl::Now() < deadline) again = Get();
  EXPECT_THAT(again, IsOk());
}

TEST_F(GatewayTest, AgentThatCallsTooOftenIsRefusedAndOthersAreNot) {
  settings_.max_calls_per_second = 1;
  Start();

  absl::Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) status = Get();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(status), "CALL_RATE_EXCEEDED");
  // Operators are not held up by what agents do, nor by the same limit.
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(ErrorReason(Get("operators")), "CALL_RATE_EXCEEDED");
  }
}

TEST_F(GatewayTest, ClientGoneCancelsTheUpstreamCall) {
  Start();
  policy_->SetStream(1, grpc::Status::OK, /*hang=*/true);
  auto context = Context();
  auto stream = stub_->Execute(context.get(), {});
  ExecuteResponse response;
  ASSERT_TRUE(stream->Read(&response));

  context->TryCancel();
  stream->Finish();

  EXPECT_TRUE(policy_->WaitForCancel(absl::Seconds(10)));
}

TEST_F(GatewayTest, SlowClientSlowsThePolicyDown) {
  Start();
  constexpr int kEvents = 1600;  // 100 MiB
  policy_->SetStream(kEvents, grpc::Status::OK);
  auto context = Context();
  auto stream = stub_->Execute(context.get(), {});
  ExecuteResponse response;
  ASSERT_TRUE(stream->Read(&response));

  // What fits into the windows of two connections, and no more.
  EXPECT_FALSE(policy_->WaitForWritten(24 * 1024 * 1024, absl::Seconds(2)));

  int events = 1;
  while (stream->Read(&response)) ++events;
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(events, kEvents);
}

TEST_F(GatewayTest, ClientThatSendsNoRequestIsCut) {
  settings_.request_timeout = absl::Milliseconds(100);
  Start();
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  auto context = Context();
  auto call = stub.PrepareCall(context.get(), kGetPath, &queue);
  call->StartCall(nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);

  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

TEST_F(GatewayTest, StreamOverItsUpperBoundEndsWithAStatus) {
  settings_.stream_timeout = absl::Milliseconds(300);
  Start();
  policy_->SetStream(1, grpc::Status::OK, /*hang=*/true);

  const absl::Status status = Execute({});

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(ErrorReason(status), "DEADLINE_EXCEEDED");
}

TEST_F(GatewayTest, ReadinessFollowsThePolicy) {
  Start();
  ASSERT_TRUE(WaitForReady(true));
  const int port = policy_->port();

  policy_.reset();
  EXPECT_TRUE(WaitForReady(false));
  const absl::Status status = Get();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(status), "POLICY_UNAVAILABLE");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")
                  .has_value());

  policy_.emplace(certs_, port);
  EXPECT_TRUE(WaitForReady(true));
  EXPECT_THAT(Get(), IsOk());
}

TEST_F(GatewayTest, PolicyThatDiesUnderAStreamIsUnavailable) {
  Start();
  policy_->SetStream(1, grpc::Status::OK, /*hang=*/true);
  auto context = Context();
  auto stream = stub_->Execute(context.get(), {});
  ExecuteResponse response;
  ASSERT_TRUE(stream->Read(&response));

  policy_.reset();

  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(GatewayTest, DrainLetsRunningCallsEndAndTakesNoNewOnes) {
  Start();
  policy_->SetStream(1, grpc::Status::OK, /*hang=*/true);
  auto context = Context();
  auto stream = stub_->Execute(context.get(), {});
  ExecuteResponse response;
  ASSERT_TRUE(stream->Read(&response));

  app_->Drain(absl::Now() + absl::Milliseconds(100));

  EXPECT_FALSE(*IsServing(probes_, "readiness"));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_TRUE(policy_->WaitForCancel(absl::Seconds(10)));
  EXPECT_THAT(Get(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(GatewayTest, MethodsAreListedByReflection) {
  Start();

  const auto response =
      RawCall(channel_,
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              absl::string_view("\x3a\x00", 2));

  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(*response, HasSubstr("airlock.v1.ExecutionService"));
  EXPECT_THAT(*response, HasSubstr("airlock.v1.PolicyService"));
}

TEST_F(GatewayTest, TlsIsShownToAgents) {
  TlsFiles files = certs_.Make("gateway.example", {});
  settings_.tls = files;
  Start();
  channel_ = MakeChannel(absl::StrCat("localhost:", app_->port()),
                         *TlsChannelCredentials(certs_.ca_path(), "test"));
  stub_ = ExecutionService::NewStub(channel_);

  EXPECT_THAT(Get(), IsOk());
}

TEST_F(GatewayTest, WrongFilesAreNamedWithTheirSetting) {
  settings_.tokens_path = "/nonexistent/tokens.json";
  EXPECT_THAT(
      GatewayApp::Start(settings_),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("gateway.tokensPath")));

  settings_.internal_tls.key_path = "/nonexistent/key.pem";
  settings_.tokens_path = certs_.WriteFile("t.json", TokenFileText({}));
  EXPECT_THAT(GatewayApp::Start(settings_),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("gateway.internalTls.keyPath")));
}

}  // namespace
}  // namespace airlock::gateway
