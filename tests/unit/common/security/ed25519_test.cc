#include "common/security/ed25519.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using testing::HasSubstr;

TEST(Ed25519Test, SignatureHoldsForExactlyItsMessageAndKey) {
  const SigningKey key = SigningKey::Generate();
  std::string signature = key.Sign("start");

  EXPECT_EQ(signature.size(), kEd25519SignatureBytes);
  EXPECT_TRUE(key.verify_key().Verify("start", signature));
  EXPECT_FALSE(key.verify_key().Verify("Start", signature));
  EXPECT_FALSE(SigningKey::Generate().verify_key().Verify("start", signature));
  EXPECT_FALSE(key.verify_key().Verify("start", ""));
  EXPECT_FALSE(key.verify_key().Verify("start", signature.substr(1)));
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_FALSE(key.verify_key().Verify("start", signature));
}

TEST(Ed25519Test, EmptyMessageCanBeSigned) {
  const SigningKey key = SigningKey::Generate();

  EXPECT_TRUE(key.verify_key().Verify("", key.Sign("")));
}

TEST(Ed25519Test, KeysComeBackFromTheirFiles) {
  TestCerts files;
  const SigningKey key = SigningKey::Generate();
  const auto signer =
      SigningKey::FromPemFile(files.WriteFile("key.pem", key.ToPem()));
  const auto verifier = VerifyKey::FromPemFile(
      files.WriteFile("public.pem", key.verify_key().ToPem()));

  ASSERT_THAT(signer, IsOk());
  ASSERT_THAT(verifier, IsOk());
  EXPECT_TRUE(verifier->Verify("start", signer->Sign("start")));
}

TEST(Ed25519Test, SeveralPublicKeysStandInOneText) {
  const VerifyKey one = SigningKey::Generate().verify_key();
  const VerifyKey two = SigningKey::Generate().verify_key();

  const auto keys =
      VerifyKey::AllFromPem(absl::StrCat("\n", one.ToPem(), "\n", two.ToPem()));

  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].Fingerprint(), one.Fingerprint());
  EXPECT_EQ((*keys)[1].Fingerprint(), two.Fingerprint());
}

// Half a file must not look like fewer keys.
TEST(Ed25519Test, OneBadKeyAmongSeveralIsAnErrorForAll) {
  const std::string good = SigningKey::Generate().verify_key().ToPem();
  const std::string private_key = SigningKey::Generate().ToPem();
  const std::string many = [&good] {
    std::string text;
    for (std::size_t i = 0; i <= kMaxVerifyKeys; ++i) text += good;
    return text;
  }();
  for (const auto& [text, message] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "(key 1)"},
           {good + good.substr(0, 40), "(key 2)"},
           {good + "rest", "(key 2)"},
           {good + private_key, "(key 2)"},
           {good + "-----BEGIN PUBLIC KEY-----\nAAAA\n"
                   "-----END PUBLIC KEY-----\n",
            "(key 2)"},
           {"comment\n" + good, "(key 1)"},
           {many, "at most 8"}}) {
    EXPECT_THAT(
        VerifyKey::AllFromPem(text),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

TEST(Ed25519Test, FingerprintIsOfTheKeyAlone) {
  const SigningKey key = SigningKey::Generate();

  EXPECT_EQ(key.verify_key().Fingerprint(), key.verify_key().Fingerprint());
  EXPECT_EQ(key.verify_key().Fingerprint().size(), 64U);
  EXPECT_NE(key.verify_key().Fingerprint(),
            SigningKey::Generate().verify_key().Fingerprint());
}

TEST(Ed25519Test, PrivateKeyThatOthersCanReadIsRefused) {
  TestCerts files;
  const std::string path =
      files.WriteFile("key.pem", SigningKey::Generate().ToPem());
  for (const mode_t mode : {0644U, 0604U, 0620U, 0602U}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(
        SigningKey::FromPemFile(path),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chmod 600")));
  }
  for (const mode_t mode : {0600U, 0400U, 0640U}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(SigningKey::FromPemFile(path), IsOk());
  }
}

TEST(Ed25519Test, WrongFilesAreNamed) {
  TestCerts files;
  const std::string garbage = files.WriteFile("garbage.pem", "not a key");
  const TlsFiles other = files.Make("x.test", {});

  EXPECT_THAT(
      SigningKey::FromPemFile("/nonexistent/key.pem"),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/key.pem")));
  EXPECT_THAT(SigningKey::FromPemFile(garbage),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(garbage)));
  EXPECT_THAT(VerifyKey::FromPemFile(garbage),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(garbage)));
  EXPECT_THAT(SigningKey::FromPemFile(other.key_path),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("of another type")));
  EXPECT_THAT(
      SigningKey::FromPemFile(files.folder()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("regular file")));
}

}  // namespace
}  // namespace airlock
