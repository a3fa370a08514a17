#include "common/security/client_authority.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const Principal kDemo{"demo", airlock::v1::PRINCIPAL_ROLE_AGENT};

std::string Content(const std::string& path) {
  return TestCerts::ReadFile(path);
}

class ClientAuthorityTest : public testing::Test {
 protected:
  static absl::StatusOr<Principal> IdentifyBy(const TestCerts& certs,
                                              const TlsFiles& files,
                                              absl::Duration later = {}) {
    const auto authority = ClientAuthority::FromPem(Content(certs.ca_path()));
    EXPECT_THAT(authority, IsOk());
    return authority->Identify(Content(files.cert_path), absl::Now() + later);
  }

  absl::StatusOr<Principal> Identify(const TlsFiles& files,
                                     absl::Duration later = {}) {
    return IdentifyBy(certs_, files, later);
  }

  static void ExpectInvalid(const absl::StatusOr<Principal>& principal,
                            const std::string& words) {
    EXPECT_THAT(principal.status(),
                StatusIs(StatusCode::kUnauthenticated, HasSubstr(words)));
    EXPECT_EQ(ErrorReason(principal.status()), "CERTIFICATE_INVALID");
  }

  TestCerts certs_;
};

TEST_F(ClientAuthorityTest, CertificateNamesItsPrincipal) {
  const auto principal = Identify(certs_.ForPrincipal(kDemo));

  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->id, "demo");
  EXPECT_EQ(principal->role, airlock::v1::PRINCIPAL_ROLE_AGENT);
}

TEST_F(ClientAuthorityTest, CertificateOfAnotherAuthorityIsInvalid) {
  TestCerts others;

  ExpectInvalid(Identify(others.ForPrincipal(kDemo)), "authority");
}

TEST_F(ClientAuthorityTest, CertificateCountsOnlyInItsTime) {
  const TlsFiles files = certs_.ForPrincipal(kDemo);

  EXPECT_THAT(Identify(files, absl::Hours(23)), IsOk());
  ExpectInvalid(Identify(files, absl::Hours(25)), "expired");
  ExpectInvalid(Identify(files, -absl::Hours(2)), "not yet valid");
}

TEST_F(ClientAuthorityTest, CertificateOfAServiceNamesNoPrincipal) {
  for (const auto role :
       {airlock::v1::PEER_ROLE_GATEWAY, airlock::v1::PEER_ROLE_POLICY,
        airlock::v1::PEER_ROLE_EXECUTOR}) {
    ExpectInvalid(Identify(certs_.ForRole(role)), "must name one principal");
  }
}

TEST_F(ClientAuthorityTest, CertificateWithTwoNamesNamesNobody) {
  ExpectInvalid(
      Identify(certs_.Make(
          "x.test", {PrincipalUri(kDemo), "airlock://principal/operator/olga"},
          "clientAuth")),
      "must name one principal");
  ExpectInvalid(Identify(certs_.Make("x.test", {}, "clientAuth")),
                "must name one principal");
}

TEST_F(ClientAuthorityTest, CertificateForServersOnlyIsInvalid) {
  ExpectInvalid(
      Identify(certs_.Make("x.test", {PrincipalUri(kDemo)}, "serverAuth")),
      "purpose");
}

TEST_F(ClientAuthorityTest, GarbageAndWhatIsTooLongIsInvalid) {
  const auto authority = ClientAuthority::FromPem(Content(certs_.ca_path()));
  ASSERT_THAT(authority, IsOk());

  ExpectInvalid(authority->Identify("demo", absl::Now()), "in PEM");
  ExpectInvalid(
      authority->Identify(
          absl::StrCat(Content(certs_.ForPrincipal(kDemo).cert_path),
                       std::string(kMaxPrincipalCertificateBytes, '\n')),
          absl::Now()),
      "at most");
}

TEST_F(ClientAuthorityTest, SeveralAuthoritiesCount) {
  TestCerts others;
  const auto authority = ClientAuthority::FromPem(
      absl::StrCat(Content(certs_.ca_path()), Content(others.ca_path())));
  ASSERT_THAT(authority, IsOk());

  for (TestCerts* certs : {&certs_, &others}) {
    EXPECT_THAT(authority->Identify(
                    Content(certs->ForPrincipal(kDemo).cert_path), absl::Now()),
                IsOk());
  }
}

TEST_F(ClientAuthorityTest, OnlyAuthoritiesAreTaken) {
  const std::string ca = Content(certs_.ca_path());

  EXPECT_THAT(ClientAuthority::FromPem(""),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ClientAuthority::FromPem("demo"),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ClientAuthority::FromPem(
                  absl::StrCat(ca,
                               "-----BEGIN CERTIFICATE-----\nAAAA\n"
                               "-----END CERTIFICATE-----\n")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("1 could be")));
  EXPECT_THAT(ClientAuthority::FromPem(absl::StrCat(
                  ca, Content(certs_.ForPrincipal(kDemo).cert_path))),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("certificate 2 may not sign others")));
}

TEST_F(ClientAuthorityTest, ReplacedAuthorityTakesItsCertificatesWithIt) {
  TestCerts others;
  const std::string path =
      certs_.WriteFile("clients.pem", Content(certs_.ca_path()));
  const auto file = ClientAuthorityFile::Open(path);
  ASSERT_THAT(file, IsOk());
  const std::string old_one = Content(certs_.ForPrincipal(kDemo).cert_path);
  ASSERT_THAT((*file)->Identify(old_one, absl::Now()), IsOk());

  certs_.WriteFile("clients.pem",
                   absl::StrCat("# of this week\n", Content(others.ca_path())));

  ExpectInvalid((*file)->Identify(old_one, absl::Now()), "authority");
  EXPECT_THAT((*file)->Identify(Content(others.ForPrincipal(kDemo).cert_path),
                                absl::Now()),
              IsOk());
}

TEST_F(ClientAuthorityTest, FileThatIsNoGoodIsNamed) {
  EXPECT_THAT(ClientAuthorityFile::Open("/nonexistent/ca.pem"),
              StatusIs(StatusCode::kNotFound, HasSubstr("/nonexistent")));
  EXPECT_THAT(ClientAuthorityFile::Open(certs_.WriteFile("bad.pem", "x")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("bad.pem")));
}

}  // namespace
}  // namespace airlock
