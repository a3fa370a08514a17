#include "common/security/key_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class KeyFilesTest : public testing::Test {
 protected:
  // As a careful writer does it: in one step.
  std::string Replace(const std::string& name, const std::string& text) {
    const std::string path = absl::StrCat(files_.folder(), "/", name);
    std::filesystem::rename(files_.WriteFile("next", text), path);
    return path;
  }
  static std::string PublicPem(const SigningKey& key) {
    return key.verify_key().ToPem();
  }

  TestCerts files_;
  const SigningKey old_ = SigningKey::Generate();
  const SigningKey new_ = SigningKey::Generate();
};

TEST_F(KeyFilesTest, RotationHasNoGap) {
  const std::string path = Replace("grant.pub", PublicPem(old_));
  const auto keys = *VerifyKeyFile::Open(path);
  EXPECT_TRUE(keys->Verify("start", old_.Sign("start")));
  EXPECT_FALSE(keys->Verify("start", new_.Sign("start")));

  Replace("grant.pub", PublicPem(old_) + PublicPem(new_));
  EXPECT_TRUE(keys->Verify("start", old_.Sign("start")));
  EXPECT_TRUE(keys->Verify("start", new_.Sign("start")));

  Replace("grant.pub", PublicPem(new_));
  EXPECT_FALSE(keys->Verify("start", old_.Sign("start")));
  EXPECT_TRUE(keys->Verify("start", new_.Sign("start")));
}

TEST_F(KeyFilesTest, InvalidNewContentKeepsTheOldKeysAndWarnsOnce) {
  const std::string path = Replace("grant.pub", PublicPem(old_));
  const auto keys = *VerifyKeyFile::Open(path);
  testing::internal::CaptureStderr();

  Replace("grant.pub", PublicPem(new_) + "half a k");
  EXPECT_TRUE(keys->Verify("start", old_.Sign("start")));
  EXPECT_FALSE(keys->Verify("start", new_.Sign("start")));
  EXPECT_TRUE(keys->Verify("start", old_.Sign("start")));

  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("public key file not read again"));
  EXPECT_EQ(log.find("not read again"), log.rfind("not read again"));
}

TEST_F(KeyFilesTest, MissingFileKeepsTheOldKeys) {
  const std::string path = Replace("grant.pub", PublicPem(old_));
  const auto keys = *VerifyKeyFile::Open(path);

  std::filesystem::remove(path);

  EXPECT_TRUE(keys->Verify("start", old_.Sign("start")));
}

TEST_F(KeyFilesTest, SignatureOfAnotherMessageIsNoKeys) {
  const auto keys = *VerifyKeyFile::Open(
      Replace("grant.pub", PublicPem(old_) + PublicPem(new_)));

  EXPECT_FALSE(keys->Verify("Start", old_.Sign("start")));
  EXPECT_FALSE(keys->Verify("start", ""));
}

TEST_F(KeyFilesTest, SignerTakesTheNewKeyAndKeepsItWhenTheFileIsNotPrivate) {
  const std::string path = Replace("grant.key", old_.ToPem());
  const auto signer = *SigningKeyFile::Open(path);
  const auto fingerprint = [&signer] {
    return signer->key()->verify_key().Fingerprint();
  };
  EXPECT_EQ(fingerprint(), old_.verify_key().Fingerprint());

  Replace("grant.key", new_.ToPem());
  EXPECT_EQ(fingerprint(), new_.verify_key().Fingerprint());

  Replace("grant.key", old_.ToPem());
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(fingerprint(), new_.verify_key().Fingerprint());
}

TEST_F(KeyFilesTest, FirstReadingMustSucceed) {
  EXPECT_THAT(VerifyKeyFile::Open("/nonexistent/grant.pub"),
              StatusIs(StatusCode::kNotFound, HasSubstr("grant.pub")));
  EXPECT_THAT(VerifyKeyFile::Open(Replace("bad.pub", "no key")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("bad.pub")));
  EXPECT_THAT(SigningKeyFile::Open(Replace("bad.key", "no key")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("bad.key")));
}

}  // namespace
}  // namespace airlock
