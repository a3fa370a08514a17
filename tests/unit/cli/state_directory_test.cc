#include "services/cli/up/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "services/cli/tokens/principal_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class StateDirectoryTest : public testing::Test {
 protected:
  absl::StatusOr<StateDirectory> Open(absl::Time now = kNow) {
    return StateDirectory::Open(path_, {}, now);
  }

  std::string Content(const std::string& path) {
    return ReadSmallFile(path, 1 << 16).value_or("");
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "state";
  const StatePaths paths_{path_};
};

TEST_F(StateDirectoryTest, FirstUseMakesEverything) {
  ASSERT_THAT(Open(), IsOk());

  struct stat facts = {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0700U);
  ASSERT_EQ(stat(paths_.agent_token.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_THAT(Content(paths_.agent_token), HasSubstr("alk_"));
  EXPECT_THAT(Content(paths_.Certificate("gateway.pem")),
              HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(Content(paths_.config), HasSubstr("\"networkMode\": \"none\""));
  EXPECT_THAT(*ReadPrincipals(paths_.principals), SizeIs(2));
}

TEST_F(StateDirectoryTest, SecondUseChangesNothing) {
  ASSERT_THAT(Open(), IsOk());
  const std::string token = Content(paths_.agent_token);
  const std::string key = Content(paths_.Certificate("grant.key"));

  ASSERT_THAT(Open(), IsOk());

  EXPECT_EQ(Content(paths_.agent_token), token);
  EXPECT_EQ(Content(paths_.Certificate("grant.key")), key);
  EXPECT_THAT(*ReadPrincipals(paths_.principals), SizeIs(2));
}

TEST_F(StateDirectoryTest, OnlyOneUsesIt) {
  const auto first = Open();
  ASSERT_THAT(first, IsOk());

  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kUnavailable,
                               HasSubstr("another `airlock up`")));
}

TEST_F(StateDirectoryTest, LostTokenIsReplacedAndTheOldOneInvalid) {
  ASSERT_THAT(Open(), IsOk());
  std::filesystem::remove(paths_.agent_token);

  ASSERT_THAT(Open(), IsOk());

  EXPECT_THAT(Content(paths_.agent_token), HasSubstr("alk_"));
  EXPECT_THAT(*ReadPrincipals(paths_.principals), SizeIs(2));
}

TEST_F(StateDirectoryTest, HalfMadeCertificatesAreMadeAnew) {
  std::filesystem::create_directories(paths_.certificates + ".new");
  ASSERT_THAT(WriteFileAtomically(paths_.certificates + ".new/ca.pem", "x",
                                  kPublicFileMode),
              IsOk());

  EXPECT_THAT(Open(), IsOk());
}

TEST_F(StateDirectoryTest, FirstApproverIsMadeOnceAndItsTokenIsKeptNowhere) {
  ASSERT_THAT(Open(), IsOk());

  const auto token = MakeApprover(paths_);

  ASSERT_THAT(token, IsOk());
  ASSERT_TRUE(token->has_value());
  const auto authenticator = TokenFileAuthenticator::Open(paths_.principals);
  const auto principal = (*authenticator)->Authenticate((*token)->Reveal());
  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->id, "approver");
  EXPECT_EQ(principal->role, airlock::v1::PRINCIPAL_ROLE_APPROVER);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(path_)) {
    EXPECT_THAT(Content(entry.path()), Not(HasSubstr((*token)->Reveal())))
        << entry.path();
  }
  EXPECT_FALSE(MakeApprover(paths_)->has_value());
}

TEST_F(StateDirectoryTest, ApproverThatIsThereIsEnough) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(
      AddToken(paths_.principals, {"ann", airlock::v1::PRINCIPAL_ROLE_APPROVER},
               OldTokens::kRefuse),
      IsOk());

  EXPECT_FALSE(MakeApprover(paths_)->has_value());
  EXPECT_THAT(*ReadPrincipals(paths_.principals), SizeIs(3));
}

TEST_F(StateDirectoryTest, NameOfSomebodyElseIsNotTaken) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(AddToken(paths_.principals,
                       {"approver", airlock::v1::PRINCIPAL_ROLE_AUDITOR},
                       OldTokens::kRefuse),
              IsOk());

  const auto token = MakeApprover(paths_);

  ASSERT_THAT(token, IsOk());
  EXPECT_FALSE(token->has_value());
}

TEST_F(StateDirectoryTest, ExpiredCertificatesAreNamed) {
  ASSERT_THAT(Open(), IsOk());

  EXPECT_THAT(Open(kNow + absl::Hours(24 * 826)),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("airlock certs init --force")));
}

}  // namespace
}  // namespace airlock::cli
