// Principals by certificate, from the front door to the record.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/credentials.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ApprovalService;
using airlock::v1::AuditService;
using airlock::v1::ExecutionService;
using airlock::v1::PRINCIPAL_ROLE_AGENT;
using airlock::v1::PRINCIPAL_ROLE_APPROVER;
using airlock::v1::PRINCIPAL_ROLE_AUDITOR;

class CertificateTest : public testing::Test {
 protected:
  // A connection to the gateway that shows the certificate of this principal.
  std::shared_ptr<grpc::Channel> ConnectAs(const Principal& principal) {
    TlsFiles files = clients_.ForPrincipal(principal);
    files.ca_path = stack_.certs().ca_path();
    return MakeChannel(absl::StrCat("localhost:", stack_.gateway().port()),
                       *TlsChannelCredentials(files, "test"));
  }

  // A connection to the policy service, past every gateway.
  std::shared_ptr<grpc::Channel> ConnectToPolicy(const TlsFiles& files) {
    return MakeChannel(absl::StrCat("127.0.0.1:", stack_.policy().port()),
                       *MutualTlsChannelCredentials(files, "test"),
                       {PeerDnsName(airlock::v1::PEER_ROLE_POLICY)});
  }

  // Without a token.
  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    SetTimeout(*context, absl::Seconds(30));
    return context;
  }

  static absl::Status List(const std::shared_ptr<grpc::Channel>& channel,
                           const ShownCredentials& forwarded = {}) {
    const auto context = Context();
    Forward(forwarded, *context);
    airlock::v1::ListExecutionsResponse response;
    return FromGrpcStatus(ExecutionService::NewStub(channel)->ListExecutions(
        context.get(), {}, &response));
  }

  // Asks for something that must be approved; the call goes on.
  airlock::v1::Approval Ask(grpc::ClientReader<v1::ExecuteResponse>& reader) {
    airlock::v1::ExecuteResponse response;
    while (reader.Read(&response)) {
      if (response.event().has_approval()) return response.event().approval();
    }
    ADD_FAILURE() << "nobody was asked";
    return {};
  }

  static absl::Status Approve(const std::shared_ptr<grpc::Channel>& channel,
                              const airlock::v1::Approval& approval) {
    airlock::v1::DecideApprovalRequest request;
    request.set_id(approval.id());
    request.set_answer(airlock::v1::ApprovalAnswer::ANSWER_APPROVE);
    request.set_digest(approval.digest());
    airlock::v1::DecideApprovalResponse response;
    return FromGrpcStatus(ApprovalService::NewStub(channel)->DecideApproval(
        Context().get(), request, &response));
  }

  std::string CertificateOf(const Principal& principal) {
    return TestCerts::ReadFile(clients_.ForPrincipal(principal).cert_path);
  }

  Stack stack_{R"("autonomy":{"level":"supervised"})"};
  // Signs what principals show.
  TestCerts clients_;
};

TEST_F(CertificateTest, SameIdIsTheSamePrincipalByTokenAndByCertificate) {
  stack_.AcceptCertificates(clients_.ca_path());
  const auto ada = ConnectAs({"ada", PRINCIPAL_ROLE_AGENT});
  const auto bob = ConnectAs({"bob", PRINCIPAL_ROLE_AGENT});
  const auto by_token = Stack::As("ada");
  const auto reader =
      ExecutionService::NewStub(ConnectAs({"ada", PRINCIPAL_ROLE_AGENT}))
          ->Execute(by_token.get(), Command({"true"}));
  const airlock::v1::Approval approval = Ask(*reader);
  airlock::v1::GetExecutionRequest request;
  request.set_id(approval.execution_id());
  airlock::v1::GetExecutionResponse response;

  EXPECT_TRUE(ExecutionService::NewStub(ada)
                  ->GetExecution(Context().get(), request, &response)
                  .ok());
  EXPECT_EQ(response.execution().agent(), "ada");
  EXPECT_EQ(ExecutionService::NewStub(bob)
                ->GetExecution(Context().get(), request, &response)
                .error_code(),
            grpc::StatusCode::NOT_FOUND);
  by_token->TryCancel();
  reader->Finish();
}

TEST_F(CertificateTest, RecordSaysWhoAskedAndWhoAgreed) {
  stack_.AcceptCertificates(clients_.ca_path());
  const auto context = Context();
  const auto reader =
      ExecutionService::NewStub(ConnectAs({"ada", PRINCIPAL_ROLE_AGENT}))
          ->Execute(context.get(), Command({"true"}));
  const airlock::v1::Approval approval = Ask(*reader);

  EXPECT_THAT(Approve(ConnectAs({"ann", PRINCIPAL_ROLE_APPROVER}), approval),
              IsOk());

  airlock::v1::ListAuditRecordsResponse records;
  ASSERT_TRUE(AuditService::NewStub(ConnectAs({"eve", PRINCIPAL_ROLE_AUDITOR}))
                  ->ListAuditRecords(Context().get(), {}, &records)
                  .ok());
  std::vector<std::string> actors;
  for (const auto& sealed : records.records()) {
    airlock::v1::AuditRecord record;
    ASSERT_TRUE(record.ParseFromString(sealed.record()));
    if (record.execution_id() == approval.execution_id()) {
      actors.push_back(record.actor());
    }
  }
  EXPECT_THAT(actors, testing::Contains("ada"));
  EXPECT_THAT(actors, testing::Contains("web:ann"));
  context->TryCancel();
  reader->Finish();
}

TEST_F(CertificateTest, NobodyApprovesTheirOwnWithAnotherCertificate) {
  stack_.AcceptCertificates(clients_.ca_path());
  const auto context = Context();
  const auto reader =
      ExecutionService::NewStub(ConnectAs({"ada", PRINCIPAL_ROLE_AGENT}))
          ->Execute(context.get(), Command({"true"}));

  const absl::Status status =
      Approve(ConnectAs({"ada", PRINCIPAL_ROLE_APPROVER}), Ask(*reader));

  EXPECT_EQ(ErrorReason(status), "SELF_APPROVAL") << status;
  context->TryCancel();
  reader->Finish();
}

TEST_F(CertificateTest, PolicyTakesNoneItWasNotToldToTake) {
  stack_.AcceptCertificates(clients_.ca_path(), /*policy_too=*/false);

  EXPECT_EQ(ErrorReason(List(ConnectAs({"ada", PRINCIPAL_ROLE_AGENT}))),
            "CERTIFICATE_INVALID");
}

TEST_F(CertificateTest, OnlyAGatewayForwardsCertificates) {
  stack_.AcceptCertificates(clients_.ca_path());
  const ShownCredentials forwarded = {
      "", CertificateOf({"ada", PRINCIPAL_ROLE_AGENT})};
  const auto as = [this](airlock::v1::PeerRole role) {
    return ConnectToPolicy(stack_.certs().ForRole(role));
  };

  EXPECT_THAT(List(as(airlock::v1::PEER_ROLE_GATEWAY), forwarded), IsOk());
  for (const auto role :
       {airlock::v1::PEER_ROLE_EXECUTOR, airlock::v1::PEER_ROLE_POLICY}) {
    const absl::Status status = List(as(role), forwarded);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
    EXPECT_EQ(ErrorReason(status), "PEER_ROLE_NOT_ALLOWED");
  }
}

TEST_F(CertificateTest, GatewayCannotMakeAPrincipalUp) {
  stack_.AcceptCertificates(clients_.ca_path());
  const auto gateway =
      ConnectToPolicy(stack_.certs().ForRole(airlock::v1::PEER_ROLE_GATEWAY));
  const std::string made_up = TestCerts::ReadFile(
      stack_.certs().ForPrincipal({"ada", PRINCIPAL_ROLE_AGENT}).cert_path);

  EXPECT_EQ(ErrorReason(List(gateway, {"", made_up})), "CERTIFICATE_INVALID");
  EXPECT_EQ(ErrorReason(List(gateway)), "TOKEN_MISSING");
}

TEST_F(CertificateTest, CertificateOfAPrincipalOpensNoInternalEdge) {
  stack_.AcceptCertificates(clients_.ca_path());
  TlsFiles files = clients_.ForPrincipal({"ada", PRINCIPAL_ROLE_AGENT});
  files.ca_path = stack_.certs().ca_path();

  EXPECT_THAT(List(ConnectToPolicy(files)),
              StatusIs(absl::StatusCode::kUnavailable));
  // Not even signed by the authority of the services.
  EXPECT_EQ(ErrorReason(List(ConnectToPolicy(stack_.certs().ForPrincipal(
                {"gateway", PRINCIPAL_ROLE_AGENT})))),
            "PEER_ROLE_NOT_ALLOWED");
}

}  // namespace
}  // namespace airlock
