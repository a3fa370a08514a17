#include "common/security/token_file.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

// One principal, with one part replaced.
std::string With(absl::string_view id, absl::string_view role,
                 absl::string_view hash, absl::string_view more = "") {
  return absl::StrCat("{\"principals\":[{\"id\":", id, ",\"role\":", role,
                      ",\"tokenSha256\":", hash, more, "}]}");
}

const char kHash[] =
    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"";

TEST(ParseTokenFileTest, EveryRoleIsRead) {
  const auto entries = ParseTokenFile(TokenFileText({{"ci-bot", "agent", "a"},
                                                     {"ann", "approver", "b"},
                                                     {"op", "operator", "c"},
                                                     {"eye", "auditor", "d"}}));

  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 4);
  EXPECT_EQ((*entries)[0].principal.id, "ci-bot");
  EXPECT_EQ((*entries)[0].principal.role, airlock::v1::PRINCIPAL_ROLE_AGENT);
  EXPECT_EQ((*entries)[1].principal.role, airlock::v1::PRINCIPAL_ROLE_APPROVER);
  EXPECT_EQ((*entries)[2].principal.role, airlock::v1::PRINCIPAL_ROLE_OPERATOR);
  EXPECT_EQ((*entries)[3].principal.role, airlock::v1::PRINCIPAL_ROLE_AUDITOR);
  EXPECT_EQ((*entries)[0].token_sha256, Sha256("a"));
}

TEST(ParseTokenFileTest, WhatIsWrongIsNamed) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "must be JSON"},
      {"[]", "must be an object"},
      {"{}", "must have the key \"principals\""},
      {"{\"principals\":{}}", "principals must be an array"},
      {"{\"principals\":[],\"x\":1}", "unknown key \"x\""},
      {"{\"principals\":[],\"principals\":[]}", "is there twice"},
      {"{\"principals\":[1]}", "principals[0] must be an object"},
      {With("\"\"", "\"agent\"", kHash), "principals[0].id"},
      {With("\"A\"", "\"agent\"", kHash), "principals[0].id"},
      {With("\"a b\"", "\"agent\"", kHash), "principals[0].id"},
      {With("7", "\"agent\"", kHash), "principals[0].id"},
      {With(absl::StrCat("\"", std::string(64, 'a'), "\""), "\"agent\"", kHash),
       "principals[0].id"},
      {With("\"a\"", "\"Agent\"", kHash), "principals[0].role"},
      {With("\"a\"", "null", kHash), "principals[0].role"},
      {With("\"a\"", "\"agent\"", "\"00\""), "principals[0].tokenSha256"},
      {With("\"a\"", "\"agent\"", "3"), "principals[0].tokenSha256"},
      {With("\"a\"", "\"agent\"", kHash, ",\"token\":\"x\""),
       "unknown key \"token\""},
      {TokenFileText({{"a", "agent", "x"}, {"b", "agent", "x"}}),
       "principals[1].tokenSha256"},
      {TokenFileText({{"a", "agent", "x"}, {"a", "operator", "y"}}),
       "principals[1].role"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(ParseTokenFile(text),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
}

class TokenFileTest : public testing::Test {
 protected:
  TokenFileTest() {
    Write({{"demo", "agent", "old"}});
    authenticator_ = *TokenFileAuthenticator::Open(path_);
  }

  void Write(const std::vector<TestToken>& tokens) {
    Replace(TokenFileText(tokens));
  }

  // As a careful writer does it: in one step.
  void Replace(const std::string& text) {
    const std::string next = files_.WriteFile("tokens.next", text);
    std::filesystem::rename(next, path_);
  }

  std::string ReasonFor(const std::string& token) {
    return ErrorReason(authenticator_->Authenticate(token).status());
  }

  TestCerts files_;
  const std::string path_ = files_.folder() + "/tokens.json";
  std::unique_ptr<TokenFileAuthenticator> authenticator_;
};

TEST_F(TokenFileTest, TokensTellPrincipals) {
  const auto principal = authenticator_->Authenticate("old");

  ASSERT_THAT(principal, IsOk());
  EXPECT_EQ(principal->id, "demo");
  EXPECT_EQ(ReasonFor("new"), "TOKEN_INVALID");
  EXPECT_EQ(ReasonFor(""), "TOKEN_INVALID");
}

TEST_F(TokenFileTest, TheHashItselfIsNoToken) {
  EXPECT_EQ(ReasonFor(ToHex(Sha256("old"))), "TOKEN_INVALID");
}

TEST_F(TokenFileTest, ChangedFileCountsAtOnce) {
  Write({{"demo", "agent", "new"}, {"other", "agent", "old"}});

  EXPECT_EQ(authenticator_->Authenticate("new")->id, "demo");
  EXPECT_EQ(authenticator_->Authenticate("old")->id, "other");
}

TEST_F(TokenFileTest, TakenAwayTokenIsRefusedAtOnce) {
  Write({});

  EXPECT_EQ(ReasonFor("old"), "TOKEN_INVALID");
}

TEST_F(TokenFileTest, InvalidNewContentKeepsTheOld) {
  Replace("{");
  EXPECT_THAT(authenticator_->Authenticate("old"), IsOk());

  Write({{"demo", "agent", "new"}});
  EXPECT_THAT(authenticator_->Authenticate("new"), IsOk());
}

TEST_F(TokenFileTest, MissingFileKeepsTheOld) {
  std::filesystem::remove(path_);

  EXPECT_THAT(authenticator_->Authenticate("old"), IsOk());
}

TEST(TokenFileOpenTest, FirstReadingMustSucceed) {
  TestCerts files;
  EXPECT_THAT(TokenFileAuthenticator::Open("/nonexistent/tokens.json"),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(TokenFileAuthenticator::Open(files.WriteFile("t.json", "{")),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("t.json")));
  EXPECT_THAT(TokenFileAuthenticator::Open(files.WriteFile(
                  "big.json", std::string(2 * 1024 * 1024, ' '))),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("at most")));
}

}  // namespace
}  // namespace airlock
