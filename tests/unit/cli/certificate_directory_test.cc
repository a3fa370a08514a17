include <openssl/x509_vfy.h>#include "services/cli/certs/certificate_directory.h"
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>#include <gmock/gmock.h>
include <openssl/x509_vfy.h>#include <gtest/gtest.h>
include <openssl/x509_vfy.h>#include <openssl/pem.h>
include <openssl/x509_vfy.h>#include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>#include <sys/stat.h>
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>#include <string>
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>#include "common/security/openssl.h"
include <openssl/x509_vfy.h>#include "services/cli/certs/certificate_facts.h"
include <openssl/x509_vfy.h>#include "services/cli/files/small_file.h"
include <openssl/x509_vfy.h>#include "tests/support/status_matchers.h"
include <openssl/x509_vfy.h>#include "tests/support/temporary_directory.h"
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>namespace airlock::cli {
include <openssl/x509_vfy.h>namespace {
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>using ::testing::ElementsAre;
include <openssl/x509_vfy.h>using ::testing::HasSubstr;
include <openssl/x509_vfy.h>using ::testing::IsEmpty;
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>class CertificateDirectoryTest : public testing::Test {
include <openssl/x509_vfy.h> protected:
include <openssl/x509_vfy.h>  absl::Status Create(std::vector<std::string> hosts = {}, bool force = false) {
include <openssl/x509_vfy.h>    return CreateCertificateDirectory({.directory = certs_,
include <openssl/x509_vfy.h>                                       .hosts = std::move(hosts),
include <openssl/x509_vfy.h>                                       .validity = absl::Hours(24 * 30),
include <openssl/x509_vfy.h>                                       .force = force},
include <openssl/x509_vfy.h>                                      kNow);
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  std::string Content(const std::string& name) {
include <openssl/x509_vfy.h>    return ReadSmallFile(certs_ + "/" + name, 1 << 16).value_or("");
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  CertificateFacts Facts(const std::string& name) {
include <openssl/x509_vfy.h>    const auto facts = ReadCertificateFacts(Content(name));
include <openssl/x509_vfy.h>    EXPECT_THAT(facts, IsOk());
include <openssl/x509_vfy.h>    return facts.ok() ? *facts : CertificateFacts();
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  mode_t Mode(const std::string& path) {
include <openssl/x509_vfy.h>    struct stat facts = {};
include <openssl/x509_vfy.h>    EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
include <openssl/x509_vfy.h>    return facts.st_mode & 0777U;
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  TemporaryDirectory directory_;
include <openssl/x509_vfy.h>  const std::string certs_ = directory_ / "state/certs";
include <openssl/x509_vfy.h>};
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, RoleStandsInUriAndName) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  for (const std::string role : {"gateway", "policy", "executor"}) {
include <openssl/x509_vfy.h>    const CertificateFacts facts = Facts(role + ".pem");
include <openssl/x509_vfy.h>    EXPECT_EQ(facts.role, role);
include <openssl/x509_vfy.h>    EXPECT_THAT(facts.uris, ElementsAre("airlock://role/" + role));
include <openssl/x509_vfy.h>    EXPECT_THAT(facts.dns_names,
include <openssl/x509_vfy.h>                ElementsAre(role + ".airlock.internal", role, "localhost"));
include <openssl/x509_vfy.h>    EXPECT_THAT(facts.addresses, ElementsAre("127.0.0.1", "::1"));
include <openssl/x509_vfy.h>    EXPECT_FALSE(facts.is_authority);
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, EachRoleMayDoOnlyWhatItDoes) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_TRUE(Facts("gateway.pem").may_serve);
include <openssl/x509_vfy.h>  EXPECT_TRUE(Facts("gateway.pem").may_dial);
include <openssl/x509_vfy.h>  EXPECT_TRUE(Facts("policy.pem").may_serve);
include <openssl/x509_vfy.h>  EXPECT_FALSE(Facts("policy.pem").may_dial);
include <openssl/x509_vfy.h>  EXPECT_FALSE(Facts("executor.pem").may_serve);
include <openssl/x509_vfy.h>  EXPECT_TRUE(Facts("executor.pem").may_dial);
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, AuthoritySignsAndHasNoRole) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  const CertificateFacts authority = Facts("ca.pem");
include <openssl/x509_vfy.h>  EXPECT_TRUE(authority.is_authority);
include <openssl/x509_vfy.h>  EXPECT_THAT(authority.role, IsEmpty());
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, HostsBecomeNamesAndAddresses) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create({"sandbox1.example.com", "10.0.0.7", "fd00::7"}), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  const CertificateFacts facts = Facts("policy.pem");
include <openssl/x509_vfy.h>  EXPECT_THAT(facts.dns_names, testing::Contains("sandbox1.example.com"));
include <openssl/x509_vfy.h>  EXPECT_THAT(facts.addresses, testing::IsSupersetOf({"10.0.0.7", "fd00::7"}));
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, HostCannotSmuggleAnotherRole) {
include <openssl/x509_vfy.h>  EXPECT_THAT(Create({"x,URI:airlock://role/policy"}),
include <openssl/x509_vfy.h>              StatusIs(absl::StatusCode::kInvalidArgument,
include <openssl/x509_vfy.h>                       HasSubstr("a host must be")));
include <openssl/x509_vfy.h>  EXPECT_THAT(Create({""}), StatusIs(absl::StatusCode::kInvalidArgument));
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, ValidityIsAsAskedFor) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_EQ(Facts("policy.pem").valid_from, kNow - absl::Minutes(5));
include <openssl/x509_vfy.h>  EXPECT_EQ(Facts("policy.pem").expiry, kNow + absl::Hours(24 * 30));
include <openssl/x509_vfy.h>  EXPECT_EQ(Facts("ca.pem").expiry, kNow + absl::Hours(24 * 3650));
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, OnlyTheOwnerReadsKeys) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_EQ(Mode(certs_), 0700U);
include <openssl/x509_vfy.h>  for (const std::string name :
include <openssl/x509_vfy.h>       {"ca", "gateway", "policy", "executor", "grant"}) {
include <openssl/x509_vfy.h>    EXPECT_EQ(Mode(certs_ + "/" + name + ".key"), 0600U) << name;
include <openssl/x509_vfy.h>  }
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, RefusesToOverwriteAnythingUnlessForced) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>  const std::string before = Content("grant.key");
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_THAT(Create(),
include <openssl/x509_vfy.h>              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("--force")));
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_EQ(Content("grant.key"), before);
include <openssl/x509_vfy.h>  ASSERT_THAT(Create({}, /*force=*/true), IsOk());
include <openssl/x509_vfy.h>  EXPECT_NE(Content("grant.key"), before);
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, NothingIsWrittenWhenSomethingIsWrong) {
include <openssl/x509_vfy.h>  EXPECT_FALSE(Create({"not a host"}).ok());
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  struct stat facts = {};
include <openssl/x509_vfy.h>  EXPECT_NE(stat(certs_.c_str(), &facts), 0);
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST_F(CertificateDirectoryTest, ChainVerifies) {
include <openssl/x509_vfy.h>  ASSERT_THAT(Create(), IsOk());
include <openssl/x509_vfy.h>  const auto load = [this](const std::string& name) {
include <openssl/x509_vfy.h>    const std::string pem = Content(name);
include <openssl/x509_vfy.h>    const OpenSslBio bio(
include <openssl/x509_vfy.h>        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
include <openssl/x509_vfy.h>    return X509Certificate(
include <openssl/x509_vfy.h>        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
include <openssl/x509_vfy.h>  };
include <openssl/x509_vfy.h>  const X509Certificate authority = load("ca.pem");
include <openssl/x509_vfy.h>  const X509Certificate policy = load("policy.pem");
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  X509_STORE* store = X509_STORE_new();
include <openssl/x509_vfy.h>  X509_STORE_add_cert(store, authority.get());
include <openssl/x509_vfy.h>  X509_STORE_CTX* context = X509_STORE_CTX_new();
include <openssl/x509_vfy.h>  X509_STORE_CTX_init(context, store, policy.get(), nullptr);
include <openssl/x509_vfy.h>  X509_STORE_CTX_set_time(context, 0, absl::ToTimeT(kNow));
include <openssl/x509_vfy.h>  X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  EXPECT_EQ(X509_verify_cert(context), 1)
include <openssl/x509_vfy.h>      << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>  X509_STORE_CTX_free(context);
include <openssl/x509_vfy.h>  X509_STORE_free(store);
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>TEST(CertificateFactsTest, TextWithoutCertificateIsRefused) {
include <openssl/x509_vfy.h>  EXPECT_THAT(ReadCertificateFacts("hello"),
include <openssl/x509_vfy.h>              StatusIs(absl::StatusCode::kInvalidArgument));
include <openssl/x509_vfy.h>}
include <openssl/x509_vfy.h>
include <openssl/x509_vfy.h>}  // namespace
include <openssl/x509_vfy.h>}  // namespace airlock::cli
