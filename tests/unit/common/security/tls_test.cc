#include "common/security/tls.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using absl::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

class TlsTest : public testing::Test {
 protected:
  TestCerts certs_;
  TlsFiles files_ = certs_.ForRole(airlock::v1::PEER_ROLE_POLICY);
};

TEST_F(TlsTest, GoodFilesMakeCredentials) {
  EXPECT_THAT(MutualTlsServerCredentials(files_, "policy.tls"), IsOk());
  EXPECT_THAT(MutualTlsChannelCredentials(files_, "policy.tls"), IsOk());
  EXPECT_THAT(TlsServerCredentials(files_, "gateway.tls"), IsOk());
  EXPECT_THAT(TlsChannelCredentials(certs_.ca_path(), "x"), IsOk());
  EXPECT_THAT(TlsChannelCredentials("", "x"), IsOk());
}

TEST_F(TlsTest, MissingFileIsNamedWithItsKeyPath) {
  TlsFiles files = files_;
  files.cert_path = "/nonexistent/cert.pem";
  EXPECT_THAT(MutualTlsServerCredentials(files, "policy.tls"),
              StatusIs(StatusCode::kNotFound,
                       AllOf(HasSubstr("policy.tls.certPath"),
                             HasSubstr("/nonexistent/cert.pem"))));
  files = files_;
  files.key_path = "/nonexistent/key.pem";
  EXPECT_THAT(MutualTlsChannelCredentials(files, "policy.tls"),
              StatusIs(StatusCode::kNotFound, HasSubstr("policy.tls.keyPath")));
  files = files_;
  files.ca_path = "";
  EXPECT_THAT(MutualTlsChannelCredentials(files, "policy.tls"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("policy.tls.caPath is required")));
}

TEST_F(TlsTest, GarbageIsRefused) {
  const std::string garbage = certs_.WriteFile("garbage", "-----BEGIN X-----");
  TlsFiles files = files_;
  files.cert_path = garbage;
  EXPECT_THAT(TlsServerCredentials(files, "gateway.tls"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("gateway.tls.certPath")));
  files = files_;
  files.key_path = garbage;
  EXPECT_THAT(
      TlsServerCredentials(files, "gateway.tls"),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("gateway.tls.keyPath")));
  files = files_;
  files.ca_path = garbage;
  EXPECT_THAT(
      MutualTlsServerCredentials(files, "policy.tls"),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("policy.tls.caPath")));
}

TEST_F(TlsTest, KeyOfAnotherCertificateIsRefused) {
  files_.key_path = certs_.ForRole(airlock::v1::PEER_ROLE_POLICY).key_path;

  EXPECT_THAT(MutualTlsServerCredentials(files_, "policy.tls"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("must be the key of the certificate")));
}

TEST_F(TlsTest, WhoDialsMayShowACertificateWithItsOwnKeyOnly) {
  EXPECT_THAT(TlsChannelCredentials(files_, "x"), IsOk());
  files_.key_path = certs_.ForRole(airlock::v1::PEER_ROLE_POLICY).key_path;

  EXPECT_THAT(TlsChannelCredentials(files_, "x"),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("must be the key of the certificate")));
}

TEST_F(TlsTest, NamesOfRolesAreFixed) {
  EXPECT_EQ(PeerDnsName(airlock::v1::PEER_ROLE_GATEWAY),
            "gateway.airlock.internal");
}

}  // namespace
}  // namespace airlock
