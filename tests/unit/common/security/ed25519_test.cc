#include "common/security/ed25519.h"

#include <gmock/gmock.h>

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
