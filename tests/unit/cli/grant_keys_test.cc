#include "services/cli/certs/grant_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/key_files.h"
#include "services/cli/certs/certificate_directory.h"
#include "services/cli/files/small_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

auto Is(GrantKeyUse use) { return Field(&GrantKeyFacts::use, use); }

class GrantKeysTest : public testing::Test {
 protected:
  std::string At(const char* name) const {
    return absl::StrCat(path_, "/", name);
  }
  std::string Content(const char* name) const {
    return ReadSmallFile(At(name), 1 << 16).value_or("");
  }
  std::string SignWith(const char* name) const {
    return SigningKey::FromPemFile(At(name))->Sign("start");
  }
  // Whether an executor that has grant.pub as it is accepts the signature.
  bool IsAccepted(const std::string& signature) const {
    return (*VerifyKeyFile::Open(At(kGrantPublicName)))
        ->Verify("start", signature);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "keys";
};

TEST_F(GrantKeysTest, InitMakesAPairWhosePrivateKeyIsItsOwnersAlone) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());

  struct stat facts = {};
  ASSERT_EQ(stat(At(kGrantKeyName).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_TRUE(IsAccepted(SignWith(kGrantKeyName)));
  EXPECT_THAT(*ListGrantKeys(path_), ElementsAre(Is(GrantKeyUse::kSigns)));
}

TEST_F(GrantKeysTest, InitReplacesNothing) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  const std::string before = Content(kGrantKeyName);

  EXPECT_THAT(InitGrantKeys(path_),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("rotate")));
  EXPECT_EQ(Content(kGrantKeyName), before);
}

TEST_F(GrantKeysTest, RotationAcceptsOldAndNewUntilTheOldOneIsRetired) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  const std::string by_old = SignWith(kGrantKeyName);

  ASSERT_THAT(PrepareGrantKey(path_), IsOk());
  const std::string by_new = SignWith(kNextGrantKeyName);
  EXPECT_TRUE(IsAccepted(by_old));
  EXPECT_TRUE(IsAccepted(by_new));
  EXPECT_EQ(SignWith(kGrantKeyName), by_old);
  EXPECT_THAT(*ListGrantKeys(path_),
              ElementsAre(Is(GrantKeyUse::kSigns), Is(GrantKeyUse::kNext)));

  ASSERT_THAT(SwitchGrantKey(path_), IsOk());
  EXPECT_EQ(SignWith(kGrantKeyName), by_new);
  EXPECT_FALSE(std::filesystem::exists(At(kNextGrantKeyName)));
  EXPECT_TRUE(IsAccepted(by_old));
  EXPECT_THAT(*ListGrantKeys(path_),
              ElementsAre(Is(GrantKeyUse::kOld), Is(GrantKeyUse::kSigns)));

  EXPECT_EQ(*RetireGrantKeys(path_), 1);
  EXPECT_FALSE(IsAccepted(by_old));
  EXPECT_TRUE(IsAccepted(by_new));
  EXPECT_THAT(*ListGrantKeys(path_), ElementsAre(Is(GrantKeyUse::kSigns)));
}

TEST_F(GrantKeysTest, PrivateKeysStayPrivateThroughARotation) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());
  struct stat facts = {};
  ASSERT_EQ(stat(At(kNextGrantKeyName).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);

  ASSERT_THAT(SwitchGrantKey(path_), IsOk());
  ASSERT_EQ(stat(At(kGrantKeyName).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(GrantKeysTest, PreparingTwiceKeepsTheNextKey) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());
  const std::string next = Content(kNextGrantKeyName);

  ASSERT_THAT(PrepareGrantKey(path_), IsOk());

  EXPECT_EQ(Content(kNextGrantKeyName), next);
  EXPECT_THAT(*ListGrantKeys(path_), SizeIs(2));
}

TEST_F(GrantKeysTest, PreparingThatWasCutShortIsFinished) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  const std::string before = Content(kGrantPublicName);
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());
  ASSERT_THAT(
      WriteFileAtomically(At(kGrantPublicName), before, kPublicFileMode),
      IsOk());
  EXPECT_THAT(SwitchGrantKey(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition));

  ASSERT_THAT(PrepareGrantKey(path_), IsOk());

  EXPECT_TRUE(IsAccepted(SignWith(kNextGrantKeyName)));
}

TEST_F(GrantKeysTest, SwitchThatWasCutShortLeavesNoNextKey) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());
  ASSERT_THAT(WriteFileAtomically(At(kGrantKeyName), Content(kNextGrantKeyName),
                                  kPrivateFileMode),
              IsOk());

  EXPECT_EQ(*RetireGrantKeys(path_), 1);
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());

  EXPECT_NE(SignWith(kNextGrantKeyName), SignWith(kGrantKeyName));
}

TEST_F(GrantKeysTest, SwitchNeedsAPreparedKey) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());

  EXPECT_THAT(SwitchGrantKey(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("rotate --prepare")));
}

TEST_F(GrantKeysTest, RetiringKeepsTheNextKey) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_THAT(PrepareGrantKey(path_), IsOk());

  EXPECT_EQ(*RetireGrantKeys(path_), 0);

  EXPECT_TRUE(IsAccepted(SignWith(kNextGrantKeyName)));
  EXPECT_TRUE(IsAccepted(SignWith(kGrantKeyName)));
}

// Retiring would leave nothing that the policy's grants are signed with.
TEST_F(GrantKeysTest, PublicKeysOfAnotherDirectoryAreNoticed) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_THAT(WriteFileAtomically(At(kGrantPublicName),
                                  SigningKey::Generate().verify_key().ToPem(),
                                  kPublicFileMode),
              IsOk());

  EXPECT_THAT(RetireGrantKeys(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("lacks the public key")));
  EXPECT_THAT(PrepareGrantKey(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE((*ListGrantKeys(path_))[1].accepted);
}

TEST_F(GrantKeysTest, PrivateKeyThatOthersCanReadIsRefused) {
  ASSERT_THAT(InitGrantKeys(path_), IsOk());
  ASSERT_EQ(chmod(At(kGrantKeyName).c_str(), 0644), 0);

  EXPECT_THAT(
      PrepareGrantKey(path_),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("chmod 600")));
}

TEST_F(GrantKeysTest, DirectoryWithoutKeysIsNotFound) {
  std::filesystem::create_directory(path_);

  EXPECT_THAT(PrepareGrantKey(path_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ListGrantKeys(path_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(GrantKeysTest, KeysOfACertificateDirectoryAreRotatedToo) {
  CertificateOptions options;
  options.directory = path_;
  ASSERT_THAT(CreateCertificateDirectory(options, absl::Now()), IsOk());

  EXPECT_THAT(PrepareGrantKey(path_), IsOk());
  EXPECT_THAT(SwitchGrantKey(path_), IsOk());
  EXPECT_EQ(*RetireGrantKeys(path_), 1);
}

}  // namespace
}  // namespace airlock::cli
