#include "services/cli/certs/certificate_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <string>

#include "common/security/openssl.h"
#include "services/cli/certs/certificate_facts.h"
#include "services/cli/files/small_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class CertificateDirectoryTest : public testing::Test {
 protected:
  absl::Status Create(std::vector<std::string> hosts = {}, bool force = false) {
    return CreateCertificateDirectory({.directory = certs_,
                                       .hosts = std::move(hosts),
                                       .validity = absl::Hours(24 * 30),
                                       .force = force},
                                      kNow);
  }

  std::string Content(const std::string& name) {
    return ReadSmallFile(certs_ + "/" + name, 1 << 16).value_or("");
  }

  CertificateFacts Facts(const std::string& name) {
    const auto facts = ReadCertificateFacts(Content(name));
    EXPECT_THAT(facts, IsOk());
    return facts.ok() ? *facts : CertificateFacts();
  }

  mode_t Mode(const std::string& path) {
    struct stat facts = {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 0777U;
  }

  TemporaryDirectory directory_;
  const std::string certs_ = directory_ / "state/certs";
};

TEST_F(CertificateDirectoryTest, RoleStandsInUriAndName) {
  ASSERT_THAT(Create(), IsOk());

  for (const std::string role : {"gateway", "policy", "executor"}) {
    const CertificateFacts facts = Facts(role + ".pem");
    EXPECT_EQ(facts.role, role);
    EXPECT_THAT(facts.uris, ElementsAre("airlock://role/" + role));
    EXPECT_THAT(facts.dns_names,
                ElementsAre(role + ".airlock.internal", role, "localhost"));
    EXPECT_THAT(facts.addresses, ElementsAre("127.0.0.1", "::1"));
    EXPECT_FALSE(facts.is_authority);
  }
}

TEST_F(CertificateDirectoryTest, EachRoleMayDoOnlyWhatItDoes) {
  ASSERT_THAT(Create(), IsOk());

  EXPECT_TRUE(Facts("gateway.pem").may_serve);
  EXPECT_TRUE(Facts("gateway.pem").may_dial);
  EXPECT_TRUE(Facts("policy.pem").may_serve);
  EXPECT_FALSE(Facts("policy.pem").may_dial);
  EXPECT_FALSE(Facts("executor.pem").may_serve);
  EXPECT_TRUE(Facts("executor.pem").may_dial);
}

TEST_F(CertificateDirectoryTest, AuthoritySignsAndHasNoRole) {
  ASSERT_THAT(Create(), IsOk());

  const CertificateFacts authority = Facts("ca.pem");
  EXPECT_TRUE(authority.is_authority);
  EXPECT_THAT(authority.role, IsEmpty());
}

TEST_F(CertificateDirectoryTest, HostsBecomeNamesAndAddresses) {
  ASSERT_THAT(Create({"sandbox1.example.com", "10.0.0.7", "fd00::7"}), IsOk());

  const CertificateFacts facts = Facts("policy.pem");
  EXPECT_THAT(facts.dns_names, testing::Contains("sandbox1.example.com"));
  EXPECT_THAT(facts.addresses, testing::IsSupersetOf({"10.0.0.7", "fd00::7"}));
}

TEST_F(CertificateDirectoryTest, HostCannotSmuggleAnotherRole) {
  EXPECT_THAT(Create({"x,URI:airlock://role/policy"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a host must be")));
  EXPECT_THAT(Create({""}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CertificateDirectoryTest, ValidityIsAsAskedFor) {
  ASSERT_THAT(Create(), IsOk());

  EXPECT_EQ(Facts("policy.pem").valid_from, kNow - absl::Minutes(5));
  EXPECT_EQ(Facts("policy.pem").expiry, kNow + absl::Hours(24 * 30));
  EXPECT_EQ(Facts("ca.pem").expiry, kNow + absl::Hours(24 * 3650));
}

TEST_F(CertificateDirectoryTest, OnlyTheOwnerReadsKeys) {
  ASSERT_THAT(Create(), IsOk());

  EXPECT_EQ(Mode(certs_), 0700U);
  for (const std::string name :
       {"ca", "gateway", "policy", "executor", "grant"}) {
    EXPECT_EQ(Mode(certs_ + "/" + name + ".key"), 0600U) << name;
  }
}

TEST_F(CertificateDirectoryTest, RefusesToOverwriteAnythingUnlessForced) {
  ASSERT_THAT(Create(), IsOk());
  const std::string before = Content("grant.key");

  EXPECT_THAT(Create(),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("--force")));

  EXPECT_EQ(Content("grant.key"), before);
  ASSERT_THAT(Create({}, /*force=*/true), IsOk());
  EXPECT_NE(Content("grant.key"), before);
}

TEST_F(CertificateDirectoryTest, NothingIsWrittenWhenSomethingIsWrong) {
  EXPECT_FALSE(Create({"not a host"}).ok());

  struct stat facts = {};
  EXPECT_NE(stat(certs_.c_str(), &facts), 0);
}

TEST_F(CertificateDirectoryTest, ChainVerifies) {
  ASSERT_THAT(Create(), IsOk());
  const auto load = [this](const std::string& name) {
    const std::string pem = Content(name);
    const OpenSslBio bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return X509Certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  };
  const X509Certificate authority = load("ca.pem");
  const X509Certificate policy = load("policy.pem");

  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, authority.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, policy.get(), nullptr);
  X509_STORE_CTX_set_time(context, 0, absl::ToTimeT(kNow));
  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);

  EXPECT_EQ(X509_verify_cert(context), 1)
      << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));

  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
}

TEST(CertificateFactsTest, TextWithoutCertificateIsRefused) {
  EXPECT_THAT(ReadCertificateFacts("hello"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace airlock::cli
