// Principals by certificate at the front door, over real TLS.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/status/error.h"
#include "services/gateway/gateway_app.h"
#include "tests/integration/gateway/open_policy.h"
#include "tests/support/raw_call.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::gateway {
namespace {

using airlock::v1::PRINCIPAL_ROLE_AGENT;
using airlock::v1::PRINCIPAL_ROLE_APPROVER;
using airlock::v1::PRINCIPAL_ROLE_AUDITOR;
using airlock::v1::PRINCIPAL_ROLE_OPERATOR;
using testing::HasSubstr;

using Metadata = std::map<std::string, std::string>;

constexpr char kExecute[] = "ExecutionService/Execute";

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() : policy_(certs_) {
    settings_.listen = {"127.0.0.1", 0};
    settings_.metrics_listen = {"127.0.0.1", 0};
    settings_.probe_listen = {"127.0.0.1", 0};
    settings_.tls = certs_.Make("gateway.example", {});
    settings_.internal_tls = certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY);
    settings_.policy_target = absl::StrCat("127.0.0.1:", policy_.port());
    settings_.max_calls_per_principal = 100;
    settings_.tokens_path = certs_.WriteFile(
        "tokens.json", TokenFileText({{"demo", "agent", "agent"},
                                      {"ops", "operator", "operator"}}));
    settings_.client_ca_path = clients_.ca_path();
  }

  void Start() {
    auto app = GatewayApp::Start(settings_);
    ASSERT_THAT(app, IsOk());
    app_ = *std::move(app);
  }

  // A connection that shows this certificate, or none.
  std::shared_ptr<grpc::Channel> Connect(const TlsFiles& shown = {}) {
    TlsFiles files = shown;
    files.ca_path = certs_.ca_path();
    return MakeChannel(absl::StrCat("localhost:", app_->port()),
                       *TlsChannelCredentials(files, "test"));
  }

  static absl::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& method,
                           const std::string& token = "") {
    Metadata metadata;
    if (!token.empty()) metadata["authorization"] = "Bearer " + token;
    return RawCall(channel, "/airlock.v1." + method, "", metadata).status();
  }

  void ExpectUnauthenticated(const absl::Status& status,
                             const std::string& reason) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_EQ(ErrorReason(status), reason) << status;
    EXPECT_EQ(policy_.calls(), 0);
  }

  // Signs what services show.
  TestCerts certs_;
  // Signs what principals show.
  TestCerts clients_;
  const TlsFiles demo_ = clients_.ForPrincipal({"demo", PRINCIPAL_ROLE_AGENT});
  OpenPolicy policy_;
  GatewaySettings settings_;
  std::unique_ptr<GatewayApp> app_;
};

TEST_F(CertificatesTest, EachRoleMayCallWhatIsItsOwnAndNothingElse) {
  struct Row {
    airlock::v1::PrincipalRole role;
    std::string may;
    std::string may_not;
  };
  Start();
  for (const Row& row : std::vector<Row>{
           {PRINCIPAL_ROLE_AGENT, kExecute, "AuditService/ListAuditRecords"},
           {PRINCIPAL_ROLE_APPROVER, "ApprovalService/DecideApproval",
            kExecute},
           {PRINCIPAL_ROLE_AUDITOR, "AuditService/ListAuditRecords",
            "PolicyService/Freeze"},
           {PRINCIPAL_ROLE_OPERATOR, "PolicyService/Freeze",
            "ApprovalService/DecideApproval"}}) {
    SCOPED_TRACE(airlock::v1::PrincipalRole_Name(row.role));
    const auto channel = Connect(clients_.ForPrincipal({"it", row.role}));
    const int before = policy_.calls();

    EXPECT_THAT(Call(channel, row.may), IsOk());
    EXPECT_EQ(policy_.calls(), before + 1);

    EXPECT_EQ(ErrorReason(Call(channel, row.may_not)), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(policy_.calls(), before + 1);
  }
}

TEST_F(CertificatesTest, CertificateIsForwardedForThePolicyToVerify) {
  Start();

  ASSERT_THAT(Call(Connect(demo_), kExecute), IsOk());

  EXPECT_EQ(policy_.last_credentials().certificate,
            TestCerts::ReadFile(demo_.cert_path));
  EXPECT_EQ(policy_.last_credentials().authorization, "");
}

TEST_F(CertificatesTest, WhoShowsNoneIsKnownByToken) {
  Start();

  EXPECT_EQ(ErrorReason(Call(Connect(), kExecute)), "TOKEN_MISSING");
  EXPECT_THAT(Call(Connect(), kExecute, "agent"), IsOk());

  EXPECT_EQ(policy_.last_credentials().authorization, "Bearer agent");
  EXPECT_EQ(policy_.last_credentials().certificate, "");
}

TEST_F(CertificatesTest, CertificateOfAnotherAuthorityGetsNoConnection) {
  Start();
  const auto channel =
      Connect(certs_.ForPrincipal({"demo", PRINCIPAL_ROLE_AGENT}));

  EXPECT_THAT(Call(channel, kExecute),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Call(channel, kExecute, "agent"),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(policy_.calls(), 0);
}

TEST_F(CertificatesTest, CertificateOfAServiceIsRefused) {
  // Even where somebody took the services' authority for the clients'.
  settings_.client_ca_path = certs_.ca_path();
  Start();
  for (const auto role :
       {airlock::v1::PEER_ROLE_GATEWAY, airlock::v1::PEER_ROLE_POLICY,
        airlock::v1::PEER_ROLE_EXECUTOR}) {
    const auto channel = Connect(certs_.ForRole(role));

    ExpectUnauthenticated(Call(channel, kExecute), "CERTIFICATE_INVALID");
    ExpectUnauthenticated(Call(channel, kExecute, "agent"),
                          "CERTIFICATE_INVALID");
  }
}

TEST_F(CertificatesTest, CertificateWithTwoNamesIsRefused) {
  Start();
  const TlsFiles files = clients_.Make(
      "x.test",
      {"airlock://principal/agent/demo", "airlock://principal/operator/ops"},
      "clientAuth");

  ExpectUnauthenticated(Call(Connect(files), kExecute), "CERTIFICATE_INVALID");
}

TEST_F(CertificatesTest, TokenMustBeOfTheSamePrincipal) {
  Start();
  const auto channel = Connect(demo_);

  const absl::Status status = Call(channel, kExecute, "operator");
  ExpectUnauthenticated(status, "CREDENTIALS_DISAGREE");
  EXPECT_THAT(status.message(), HasSubstr("the agent \"demo\""));
  EXPECT_THAT(status.message(), HasSubstr("the operator \"ops\""));
  ExpectUnauthenticated(Call(channel, kExecute, "bad"), "TOKEN_INVALID");

  EXPECT_THAT(Call(channel, kExecute, "agent"), IsOk());
}

TEST_F(CertificatesTest, ClientCannotForwardACertificateItself) {
  Start();
  const std::string stolen = TestCerts::ReadFile(
      clients_.ForPrincipal({"ops", PRINCIPAL_ROLE_OPERATOR}).cert_path);
  const Metadata metadata = {{"airlock-client-certificate-bin", stolen}};

  ExpectUnauthenticated(
      RawCall(Connect(), "/airlock.v1.PolicyService/Freeze", "", metadata)
          .status(),
      "TOKEN_MISSING");

  EXPECT_THAT(RawCall(Connect(demo_), absl::StrCat("/airlock.v1.", kExecute),
                      "", metadata),
              IsOk());
  EXPECT_EQ(policy_.last_credentials().certificate,
            TestCerts::ReadFile(demo_.cert_path));
}

TEST_F(CertificatesTest, WithoutAnAuthorityNobodyIsAsked) {
  settings_.client_ca_path = "";
  Start();
  const auto channel = Connect(demo_);

  ExpectUnauthenticated(Call(channel, kExecute), "TOKEN_MISSING");

  EXPECT_THAT(Call(channel, kExecute, "agent"), IsOk());
  EXPECT_EQ(policy_.last_credentials().certificate, "");
}

TEST_F(CertificatesTest, ReplacedAuthorityEndsWhatIsConnected) {
  settings_.client_ca_path =
      certs_.WriteFile("clients.pem", TestCerts::ReadFile(clients_.ca_path()));
  Start();
  const auto channel = Connect(demo_);
  ASSERT_THAT(Call(channel, kExecute), IsOk());
  TestCerts others;

  certs_.WriteFile("clients.pem",
                   absl::StrCat("# since the incident\n",
                                TestCerts::ReadFile(others.ca_path())));

  EXPECT_EQ(ErrorReason(Call(channel, kExecute)), "CERTIFICATE_INVALID");
}

TEST_F(CertificatesTest, FileThatIsNoGoodIsNamedWithItsSetting) {
  settings_.client_ca_path = "/nonexistent/clients.pem";
  EXPECT_THAT(
      GatewayApp::Start(settings_),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("gateway.clientCaPath")));

  settings_.client_ca_path = demo_.cert_path;
  EXPECT_THAT(GatewayApp::Start(settings_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("may not sign others")));
}

}  // namespace
}  // namespace airlock::gateway
