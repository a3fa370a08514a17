#include "common/rpc/access.h"

#include <gmock/gmock.h>

#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "common/security/principal_authenticator.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/rpc/rpc_fixture.h"

namespace airlock {
namespace {

using airlock::v1::ExecutionService;

constexpr char kExecute[] = "airlock.v1.ExecutionService.Execute";
constexpr char kGet[] = "airlock.v1.ExecutionService.GetExecution";
constexpr char kConnect[] = "airlock.internal.v1.ExecutorLinkService.Connect";

class AccessTest : public RpcTest {
 protected:
  AccessTest()
      // The protos of a service are part of a program that uses a message.
      : connect_(airlock::internal::v1::ConnectRequest::default_instance()),
        table_(
            {ExecutionService::service_full_name(),
             airlock::internal::v1::ExecutorLinkService::service_full_name()}) {
    const std::string path = certs_.WriteFile(
        "tokens.json", TokenFileText({{"demo", "agent", "good"},
                                      {"ann", "approver", "approvers"}}));
    authenticator_ =
        *PrincipalAuthenticator::Open({path, clients_.ca_path()}, "test");
    Start();
  }

  void CheckPeerFor(const std::string& method) {
    service_.on_get = [this, method](const grpc::ServerContextBase& context) {
      return AuthorizePeer(table_, method, context);
    };
  }

  void CheckPrincipalFor(const std::string& method) {
    service_.on_get = [this, method](const grpc::ServerContextBase& context) {
      absl::StatusOr<Principal> principal = AuthorizePrincipal(
          table_, method, ForwardedByGateway(context), *authenticator_);
      if (principal.ok()) principal_ = *principal;
      return principal.status();
    };
  }

  absl::Status GetAsGateway(const std::string& authorization,
                            const std::string& certificate = "") {
    return Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY), authorization,
               certificate);
  }

  // The certificate of a principal of this role.
  std::string CertificateOf(
      const std::string& id,
      airlock::v1::PrincipalRole role = airlock::v1::PRINCIPAL_ROLE_AGENT) {
    return TestCerts::ReadFile(clients_.ForPrincipal({id, role}).cert_path);
  }

  const airlock::internal::v1::ConnectRequest& connect_;
  AccessTable table_;
  // Whose certificates are principals'.
  TestCerts clients_;
  std::unique_ptr<PrincipalAuthenticator> authenticator_;
  Principal principal_;
};

TEST_F(AccessTest, MethodsComeFromTheOptions) {
  ASSERT_NE(table_.Find(kGet), nullptr);
  EXPECT_THAT(
      table_.Find(kGet)->principals(),
      testing::UnorderedElementsAre(airlock::v1::PRINCIPAL_ROLE_AGENT,
                                    airlock::v1::PRINCIPAL_ROLE_APPROVER,
                                    airlock::v1::PRINCIPAL_ROLE_AUDITOR,
                                    airlock::v1::PRINCIPAL_ROLE_OPERATOR));
  EXPECT_EQ(table_.Find("airlock.v1.ExecutionService.Nothing"), nullptr);
}

TEST_F(AccessTest, GatewaysMayForwardPublicCalls) {
  CheckPeerFor(kGet);

  EXPECT_THAT(Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY)), IsOk());
}

TEST_F(AccessTest, ExecutorsMayNotCallPublicMethods) {
  CheckPeerFor(kGet);

  const absl::Status status = Get(ChannelAs(airlock::v1::PEER_ROLE_EXECUTOR));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(status), "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, OnlyExecutorsMayOpenTheirLink) {
  CheckPeerFor(kConnect);

  EXPECT_THAT(Get(ChannelAs(airlock::v1::PEER_ROLE_EXECUTOR)), IsOk());
  EXPECT_EQ(ErrorReason(Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY))),
            "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, CertificateWithoutOrWithSeveralRolesMayDoNothing) {
  CheckPeerFor(kGet);

  EXPECT_EQ(ErrorReason(Get(ChannelWith(certs_.Make("x.test", {})))),
            "PEER_ROLE_NOT_ALLOWED");
  EXPECT_EQ(
      ErrorReason(Get(ChannelWith(certs_.Make(
          "x.test", {"airlock://role/gateway", "airlock://role/executor"})))),
      "PEER_ROLE_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(Get(ChannelWith(
                certs_.Make("x.test", {"airlock://role/gateway2"})))),
            "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, MethodWithoutOptionAnswersNobody) {
  CheckPeerFor("airlock.v1.ExecutionService.Nothing");
  EXPECT_EQ(ErrorReason(GetAsGateway("Bearer good")), "PEER_ROLE_NOT_ALLOWED");

  CheckPrincipalFor("airlock.v1.ExecutionService.Nothing");
  EXPECT_EQ(ErrorReason(GetAsGateway("Bearer good")), "ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, KnownTokenTellsThePrincipal) {
  CheckPrincipalFor(kGet);

  ASSERT_THAT(GetAsGateway("Bearer good"), IsOk());

  EXPECT_EQ(principal_.id, "demo");
  EXPECT_EQ(principal_.role, airlock::v1::PRINCIPAL_ROLE_AGENT);
}

TEST_F(AccessTest, MissingTokenIsUnauthenticated) {
  CheckPrincipalFor(kGet);

  for (const char* value : {"", "Bearer ", "Bearer", "Basic good", "good"}) {
    const absl::Status status = GetAsGateway(value);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated)) << value;
    EXPECT_EQ(ErrorReason(status), "TOKEN_MISSING") << value;
  }
}

TEST_F(AccessTest, UnknownTokenIsUnauthenticated) {
  CheckPrincipalFor(kGet);

  const absl::Status status = GetAsGateway("Bearer bad");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(status), "TOKEN_INVALID");
}

TEST_F(AccessTest, CertificateOfAPrincipalOpensNoInternalEdge) {
  // Signed by the authority of the services, which no `airlock certs` does.
  const auto channel = ChannelWith(
      certs_.ForPrincipal({"gateway", airlock::v1::PRINCIPAL_ROLE_OPERATOR}));
  CheckPeerFor(kGet);
  EXPECT_EQ(ErrorReason(Get(channel)), "PEER_ROLE_NOT_ALLOWED");
  CheckPeerFor(kConnect);
  EXPECT_EQ(ErrorReason(Get(channel)), "PEER_ROLE_NOT_ALLOWED");
  const auto both = ChannelWith(certs_.Make(
      "x.test", {"airlock://role/gateway", "airlock://principal/agent/a"}));
  CheckPeerFor(kGet);
  EXPECT_EQ(ErrorReason(Get(both)), "PEER_ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, ForwardedCertificateTellsThePrincipal) {
  CheckPrincipalFor(kGet);

  ASSERT_THAT(GetAsGateway("", CertificateOf("carl")), IsOk());

  EXPECT_EQ(principal_.id, "carl");
  EXPECT_EQ(principal_.role, airlock::v1::PRINCIPAL_ROLE_AGENT);
}

TEST_F(AccessTest, RoleOfTheCertificateDecides) {
  CheckPrincipalFor(kExecute);

  EXPECT_EQ(
      ErrorReason(GetAsGateway(
          "", CertificateOf("ann", airlock::v1::PRINCIPAL_ROLE_APPROVER))),
      "ROLE_NOT_ALLOWED");
}

TEST_F(AccessTest, WhatAnotherPeerThanAGatewayForwardsDoesNotCount) {
  CheckPrincipalFor(kGet);

  for (const auto role :
       {airlock::v1::PEER_ROLE_EXECUTOR, airlock::v1::PEER_ROLE_POLICY}) {
    EXPECT_EQ(ErrorReason(Get(ChannelAs(role), "", CertificateOf("carl"))),
              "TOKEN_MISSING");
    EXPECT_EQ(ErrorReason(Get(ChannelAs(role), "Bearer good")),
              "TOKEN_MISSING");
  }
}

TEST_F(AccessTest, ForwardedCertificateIsVerifiedAgain) {
  CheckPrincipalFor(kGet);
  // Of another authority: that of the services.
  const std::string certificate = TestCerts::ReadFile(
      certs_.ForPrincipal({"demo", airlock::v1::PRINCIPAL_ROLE_AGENT})
          .cert_path);

  const absl::Status status = GetAsGateway("", certificate);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_EQ(ErrorReason(status), "CERTIFICATE_INVALID");
  // A good token makes up for nothing.
  EXPECT_EQ(ErrorReason(GetAsGateway("Bearer good", certificate)),
            "CERTIFICATE_INVALID");
}

TEST_F(AccessTest, TokenAndCertificateMustBeOfOnePrincipal) {
  CheckPrincipalFor(kGet);

  EXPECT_THAT(GetAsGateway("Bearer good", CertificateOf("demo")), IsOk());

  const absl::Status status =
      GetAsGateway("Bearer good", CertificateOf("carl"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated,
                               testing::HasSubstr("the agent \"carl\"")));
  EXPECT_EQ(ErrorReason(status), "CREDENTIALS_DISAGREE");
  EXPECT_EQ(ErrorReason(GetAsGateway(
                "Bearer good",
                CertificateOf("demo", airlock::v1::PRINCIPAL_ROLE_OPERATOR))),
            "CREDENTIALS_DISAGREE");
}

TEST_F(AccessTest, CertificateMakesUpForNoBadToken) {
  CheckPrincipalFor(kGet);

  EXPECT_EQ(ErrorReason(GetAsGateway("Bearer bad", CertificateOf("demo"))),
            "TOKEN_INVALID");
  EXPECT_EQ(ErrorReason(GetAsGateway("Basic x", CertificateOf("demo"))),
            "TOKEN_MISSING");
}

TEST_F(AccessTest, RoleThatIsNotListedIsDenied) {
  CheckPrincipalFor(kExecute);

  const absl::Status status = GetAsGateway("Bearer approvers");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(status), "ROLE_NOT_ALLOWED");
}

}  // namespace
}  // namespace airlock
