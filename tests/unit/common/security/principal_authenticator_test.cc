#include "common/security/principal_authenticator.h"

#include <gmock/gmock.h>

#include <string>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class PrincipalAuthenticatorTest : public testing::Test {
 protected:
  PrincipalAuthenticatorTest() {
    files_.tokens_path = certs_.WriteFile(
        "tokens.json", TokenFileText({{"demo", "agent", "good"}}));
    certificate_ = TestCerts::ReadFile(
        certs_.ForPrincipal({"ann", airlock::v1::PRINCIPAL_ROLE_APPROVER})
            .cert_path);
  }

  TestCerts certs_;
  PrincipalFiles files_;
  std::string certificate_;
};

TEST_F(PrincipalAuthenticatorTest, TokensAndCertificatesCount) {
  files_.client_ca_path = certs_.ca_path();
  const auto authenticator = PrincipalAuthenticator::Open(files_, "x");
  ASSERT_THAT(authenticator, IsOk());

  const auto by_token = (*authenticator)->Authenticate("good");
  const auto by_certificate =
      (*authenticator)->AuthenticateCertificate(certificate_);

  ASSERT_THAT(by_token, IsOk());
  EXPECT_EQ(by_token->id, "demo");
  ASSERT_THAT(by_certificate, IsOk());
  EXPECT_EQ(by_certificate->id, "ann");
  EXPECT_EQ(by_certificate->role, airlock::v1::PRINCIPAL_ROLE_APPROVER);
}

TEST_F(PrincipalAuthenticatorTest, WithoutAnAuthorityNoCertificateCounts) {
  const auto authenticator = PrincipalAuthenticator::Open(files_, "x");
  ASSERT_THAT(authenticator, IsOk());

  const absl::Status status =
      (*authenticator)->AuthenticateCertificate(certificate_).status();

  EXPECT_THAT(status, StatusIs(StatusCode::kUnauthenticated,
                               HasSubstr("clientCaPath")));
  EXPECT_EQ(ErrorReason(status), "CERTIFICATE_INVALID");
}

TEST_F(PrincipalAuthenticatorTest, FileThatIsNoGoodIsNamedWithItsSetting) {
  files_.client_ca_path = "/nonexistent/ca.pem";
  EXPECT_THAT(PrincipalAuthenticator::Open(files_, "policy"),
              StatusIs(StatusCode::kNotFound,
                       HasSubstr("policy.clientCaPath: cannot read")));
  files_.tokens_path = "/nonexistent/tokens.json";
  EXPECT_THAT(PrincipalAuthenticator::Open(files_, "policy"),
              StatusIs(StatusCode::kNotFound, HasSubstr("policy.tokensPath")));
}

}  // namespace
}  // namespace airlock
