#include "services/cli/tokens/principal_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "services/cli/files/small_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::airlock::v1::PRINCIPAL_ROLE_AGENT;
using ::airlock::v1::PRINCIPAL_ROLE_OPERATOR;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class PrincipalFileTest : public testing::Test {
 protected:
  absl::StatusOr<Secret> Add(const std::string& id,
                             OldTokens old_tokens = OldTokens::kRefuse) {
    return AddToken(path_, {id, PRINCIPAL_ROLE_AGENT}, old_tokens);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "tokens.json";
};

TEST_F(PrincipalFileTest, TokenIsKnownToTheAuthenticator) {
  const absl::StatusOr<Secret> token = Add("demo");
  ASSERT_THAT(token, IsOk());

  const auto authenticator = TokenFileAuthenticator::Open(path_);
  ASSERT_THAT(authenticator, IsOk());
  const auto principal = (*authenticator)->Authenticate(token->Reveal());
  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->id, "demo");
  EXPECT_EQ(principal->role, PRINCIPAL_ROLE_AGENT);
}

TEST_F(PrincipalFileTest, FileHoldsTheHashAndNotTheToken) {
  const absl::StatusOr<Secret> token = Add("demo");
  ASSERT_THAT(token, IsOk());

  const std::string content = ReadSmallFile(path_, 1 << 16).value_or("");
  EXPECT_THAT(content, Not(HasSubstr(token->Reveal())));
  EXPECT_THAT(content, HasSubstr(ToHex(Sha256(token->Reveal()))));
}

TEST_F(PrincipalFileTest, TokensAreLongAndNeverTheSame) {
  const absl::StatusOr<Secret> one = Add("one");
  const absl::StatusOr<Secret> two = Add("two");

  EXPECT_THAT(one->Reveal(), StartsWith("alk_"));
  EXPECT_THAT(one->Reveal(), SizeIs(4 + 64));
  EXPECT_NE(one->Reveal(), two->Reveal());
}

TEST_F(PrincipalFileTest, OnlyTheOwnerReadsTheFile) {
  ASSERT_THAT(Add("demo"), IsOk());

  struct stat facts = {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(PrincipalFileTest, SecondTokenMustBeAskedFor) {
  ASSERT_THAT(Add("demo"), IsOk());

  EXPECT_THAT(Add("demo"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(*ReadPrincipals(path_), SizeIs(1));

  EXPECT_THAT(Add("demo", OldTokens::kKeep), IsOk());
  EXPECT_THAT(*ReadPrincipals(path_), SizeIs(2));

  EXPECT_THAT(Add("demo", OldTokens::kReplace), IsOk());
  EXPECT_THAT(*ReadPrincipals(path_), SizeIs(1));
}

TEST_F(PrincipalFileTest, PrincipalHasOneRole) {
  ASSERT_THAT(Add("demo"), IsOk());

  EXPECT_THAT(
      AddToken(path_, {"demo", PRINCIPAL_ROLE_OPERATOR}, OldTokens::kKeep),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("only one")));
}

TEST_F(PrincipalFileTest, BadIdsAreRefused) {
  for (const std::string id : {"", "Demo", "-demo", "a/b", "a b", "\n"}) {
    EXPECT_THAT(Add(id), StatusIs(absl::StatusCode::kInvalidArgument)) << id;
  }
  EXPECT_THAT(Add(std::string(64, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(PrincipalFileTest, BrokenFileIsNotOverwritten) {
  ASSERT_THAT(WriteFileAtomically(path_, "{\"principals\": 7}", 0600), IsOk());

  EXPECT_THAT(Add("demo"), StatusIs(absl::StatusCode::kInvalidArgument,
                                    HasSubstr("tokens.json")));
  EXPECT_EQ(ReadSmallFile(path_, 100).value_or(""), "{\"principals\": 7}");
}

TEST_F(PrincipalFileTest, RemovedPrincipalIsGone) {
  ASSERT_THAT(Add("demo"), IsOk());

  EXPECT_THAT(RemovePrincipal(path_, "demo"), IsOk());

  EXPECT_THAT(*ReadPrincipals(path_), IsEmpty());
  EXPECT_THAT(RemovePrincipal(path_, "demo"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PrincipalFileTest, SimultaneousAdditionsAllCount) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [this, i] { EXPECT_THAT(Add("agent" + std::to_string(i)), IsOk()); });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_THAT(*ReadPrincipals(path_), SizeIs(8));
}

}  // namespace
}  // namespace airlock::cli
