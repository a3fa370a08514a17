#include "services/policy/rpc/refusal_handler.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::RefusalService;
using airlock::internal::v1::ReportRefusalsRequest;
using testing::HasSubstr;

// Nobody has a token here.
class NobodyAuthenticator final : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(absl::string_view) override {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID", "no");
  }
};

// The handler behind real mutual TLS.
class RefusalHandlerTest : public testing::Test {
 protected:
  RefusalHandlerTest() {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.credentials = *MutualTlsServerCredentials(
        certs_.ForRole(airlock::v1::PEER_ROLE_POLICY), "policy.tls");
    options.services = {Serve<RefusalService>(handler_)};
    server_ = *RpcServer::Start(options);
  }

  absl::Status Report(
      const ReportRefusalsRequest& request,
      airlock::v1::PeerRole role = airlock::v1::PEER_ROLE_GATEWAY) {
    const auto stub = RefusalService::NewStub(
        MakeChannel(absl::StrCat("127.0.0.1:", server_->port()),
                    *MutualTlsChannelCredentials(certs_.ForRole(role), "test"),
                    {.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY)}));
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(10));
    airlock::internal::v1::ReportRefusalsResponse response;
    return FromGrpcStatus(stub->ReportRefusals(&context, request, &response));
  }

  std::vector<AuditEntry> written() {
    absl::MutexLock lock(&mutex_);
    return written_;
  }

  static ReportRefusalsRequest Guesses(int attempts) {
    ReportRefusalsRequest request;
    for (int i = 0; i < attempts; ++i) {
      auto& attempt = *request.add_attempts();
      attempt.set_method("airlock.v1.ExecutionService.Execute");
      attempt.set_reason("TOKEN_INVALID");
      attempt.set_peer_address(absl::StrCat("10.0.0.", i));
      attempt.set_count(3);
    }
    return request;
  }

  TestCerts certs_;
  FakeClock clock_;
  absl::Mutex mutex_;
  std::vector<AuditEntry> written_ ABSL_GUARDED_BY(mutex_);
  RefusalRecord record_{clock_, [this](AuditEntry entry) {
                          absl::MutexLock lock(&mutex_);
                          written_.push_back(std::move(entry));
                        }};
  const AccessTable access_{{RefusalService::service_full_name()}};
  NobodyAuthenticator nobody_;
  const CallerCheck caller_{access_, nobody_, [this](const RefusedCall& call) {
                              record_.Add(RefusalFrom(call));
                            }};
  RefusalHandler handler_{caller_, record_};
  std::unique_ptr<RpcServer> server_;
};

TEST_F(RefusalHandlerTest, WhatAGatewayTellsIsWritten) {
  ReportRefusalsRequest request = Guesses(1);
  request.mutable_attempts(0)->set_principal("ada");
  *request.mutable_attempts(0)->mutable_first_time() =
      ToProto(absl::FromUnixSeconds(1'600'000'000));
  request.set_left_out(4);

  ASSERT_THAT(Report(request), IsOk());

  ASSERT_EQ(written().size(), 1U);
  const AuditEntry entry = written()[0];
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_REFUSED);
  EXPECT_EQ(entry.record.actor(), "ada");
  EXPECT_EQ(entry.record.reason(), "TOKEN_INVALID");
  EXPECT_EQ(FromProto(entry.record.time()), clock_.Now());
  EXPECT_EQ(entry.payload,
            R"({"method":"airlock.v1.ExecutionService.Execute",)"
            R"("peerAddress":"10.0.0.0","reportedBy":"gateway 127.0.0.1",)"
            R"("count":3,"firstTime":"2020-09-13T12:26:40+00:00",)"
            R"("leftOutBefore":4})");
}

TEST_F(RefusalHandlerTest, GatewayCannotFillTheDiskEither) {
  ASSERT_THAT(Report(Guesses(RefusalHandler::kMaxAttempts)), IsOk());
  EXPECT_EQ(written().size(), 100U);

  clock_.Advance(absl::Seconds(1));
  record_.Tick();

  ASSERT_EQ(written().size(), 101U);
  EXPECT_THAT(written()[100].payload, HasSubstr(R"("count":468)"));
}

TEST_F(RefusalHandlerTest, OnlyGatewaysMayTellAndOthersAreRecorded) {
  for (const airlock::v1::PeerRole role :
       {airlock::v1::PEER_ROLE_EXECUTOR, airlock::v1::PEER_ROLE_POLICY}) {
    const absl::Status status = Report(Guesses(1), role);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_EQ(ErrorReason(status), "PEER_ROLE_NOT_ALLOWED");
  }

  ASSERT_EQ(written().size(), 2U);
  EXPECT_EQ(written()[0].record.reason(), "PEER_ROLE_NOT_ALLOWED");
  EXPECT_EQ(written()[0].record.actor(), "");
  EXPECT_THAT(written()[0].payload, HasSubstr("ReportRefusals"));
  EXPECT_THAT(written()[0].payload, HasSubstr("PEER_ROLE_EXECUTOR"));
  EXPECT_THAT(written()[0].payload, HasSubstr(R"("peerAddress":"127.0.0.1")"));
}

TEST_F(RefusalHandlerTest, ReportThatIsTooLongIsRefused) {
  const absl::Status status = Report(Guesses(RefusalHandler::kMaxAttempts + 1));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("at most 256")));
  EXPECT_EQ(written().size(), 0U);
}

TEST_F(RefusalHandlerTest, AttemptThatTellsNothingIsRefusedWithItsFields) {
  ReportRefusalsRequest request = Guesses(1);
  request.add_attempts();

  EXPECT_THAT(Report(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::AllOf(HasSubstr("attempts[1].method"),
                                      HasSubstr("attempts[1].reason"),
                                      HasSubstr("attempts[1].count"))));
  EXPECT_EQ(written().size(), 0U);
}

}  // namespace
}  // namespace airlock::policy
