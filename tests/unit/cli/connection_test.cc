#include "services/cli/client/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "common/status/error.h"
#include "services/cli/client/client_facts.h"
#include "services/cli/files/small_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::cli {
namespace {

using ::testing::HasSubstr;

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    EXPECT_THAT(WriteFileAtomically(token_file_, "alk_file\n", 0600), IsOk());
    EXPECT_THAT(WriteFileAtomically(operator_token_file_, "alk_op\n", 0600),
                IsOk());
  }

  absl::StatusOr<Connection> Resolve(ConnectionFlags flags) {
    flags.state_directory = directory_.path();
    return ResolveConnection(flags, [this](const char* name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::string() : found->second;
    });
  }

  void WriteFacts() {
    EXPECT_THAT(
        WriteClientFacts(directory_.path(), {"127.0.0.1:7400", token_file_,
                                             operator_token_file_, "/up/ca"}),
        IsOk());
  }

  TemporaryDirectory directory_;
  const std::string token_file_ = directory_ / "token";
  const std::string operator_token_file_ = directory_ / "operator.token";
  std::map<std::string, std::string> environment_;
};

TEST_F(ConnectionTest, WhatUpWroteIsTheDefault) {
  WriteFacts();

  const auto connection = Resolve({});

  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->endpoint, "127.0.0.1:7400");
  EXPECT_EQ(connection->token.Reveal(), "alk_file");
  EXPECT_EQ(connection->ca_file, "/up/ca");
  EXPECT_FALSE(connection->plain_text);
}

TEST_F(ConnectionTest, FlagsWinOverTheEnvironmentAndThatOverUp) {
  WriteFacts();
  environment_ = {{"AIRLOCK_ENDPOINT", "one.example.com:1"},
                  {"AIRLOCK_TOKEN", "alk_variable"},
                  {"AIRLOCK_CA", "/environment/ca"}};

  auto connection = Resolve({});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->endpoint, "one.example.com:1");
  EXPECT_EQ(connection->token.Reveal(), "alk_variable");
  EXPECT_EQ(connection->ca_file, "/environment/ca");

  connection = Resolve({.endpoint = "two.example.com:2",
                        .token_file = token_file_,
                        .ca_file = "/flag/ca"});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->endpoint, "two.example.com:2");
  EXPECT_EQ(connection->token.Reveal(), "alk_file");
  EXPECT_EQ(connection->ca_file, "/flag/ca");
}

TEST_F(ConnectionTest, WhoAsksAsTheOperatorUsesItsToken) {
  WriteFacts();

  auto connection = Resolve({.as_operator = true});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->token.Reveal(), "alk_op");

  connection = Resolve({.token_file = token_file_, .as_operator = true});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->token.Reveal(), "alk_file");
}

TEST_F(ConnectionTest, AgentsTokenIsNeverTakenForTheOperators) {
  ASSERT_THAT(WriteClientFacts(directory_.path(),
                               {"127.0.0.1:7400", token_file_, "", "/up/ca"}),
              IsOk());

  EXPECT_THAT(Resolve({.as_operator = true}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no operator's token")));
}

TEST_F(ConnectionTest, ApproverHasToShowATokenOfTheirOwn) {
  WriteFacts();

  EXPECT_THAT(Resolve({.as_approver = true}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("--role approver")));
  const auto connection =
      Resolve({.token_file = token_file_, .as_approver = true});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->token.Reveal(), "alk_file");
}

TEST_F(ConnectionTest, CertificateSaysWhoAsks) {
  const auto connection = Resolve({.endpoint = "one.example.com:1",
                                   .cert_file = "/ann.pem",
                                   .key_file = "/ann.key",
                                   .as_approver = true});

  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->cert_file, "/ann.pem");
  EXPECT_EQ(connection->key_file, "/ann.key");
  EXPECT_TRUE(connection->token.empty());
}

TEST_F(ConnectionTest, CertificateReplacesTheTokenOfUp) {
  WriteFacts();
  environment_ = {{"AIRLOCK_CERT", "/ann.pem"}, {"AIRLOCK_KEY", "/ann.key"}};

  const auto connection = Resolve({});

  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->cert_file, "/ann.pem");
  EXPECT_TRUE(connection->token.empty());
  EXPECT_EQ(connection->ca_file, "/up/ca");
}

TEST_F(ConnectionTest, WhoTheFlagsNameIsNotMixedWithTheEnvironments) {
  environment_ = {{"AIRLOCK_TOKEN", "alk_variable"},
                  {"AIRLOCK_CERT", "/env.pem"},
                  {"AIRLOCK_KEY", "/env.key"}};

  auto connection = Resolve({.endpoint = "one.example.com:1"});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->token.Reveal(), "alk_variable");
  EXPECT_EQ(connection->key_file, "/env.key");

  connection = Resolve({.endpoint = "one.example.com:1",
                        .cert_file = "/ann.pem",
                        .key_file = "/ann.key"});
  ASSERT_THAT(connection, IsOk());
  EXPECT_TRUE(connection->token.empty());
  EXPECT_EQ(connection->cert_file, "/ann.pem");

  connection =
      Resolve({.endpoint = "one.example.com:1", .token_file = token_file_});
  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->token.Reveal(), "alk_file");
  EXPECT_EQ(connection->cert_file, "");
}

TEST_F(ConnectionTest, CertificateAndKeyNeedEachOtherAndTls) {
  EXPECT_THAT(
      Resolve({.endpoint = "one.example.com:1", .cert_file = "/ann.pem"}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("give --key")));
  EXPECT_THAT(
      Resolve({.endpoint = "one.example.com:1", .key_file = "/ann.key"}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("give --cert")));
  EXPECT_THAT(
      Resolve({.endpoint = "127.0.0.1:7400",
               .cert_file = "/ann.pem",
               .key_file = "/ann.key"}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("over TLS only")));
}

TEST_F(ConnectionTest, TokenOfUpIsNotSentToAnotherEndpoint) {
  WriteFacts();

  EXPECT_THAT(
      Resolve({.endpoint = "elsewhere.example.com:7400"}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no token")));
}

TEST_F(ConnectionTest, AuthorityOfUpIsNotTakenForANamedEndpoint) {
  WriteFacts();

  const auto connection =
      Resolve({.endpoint = "127.0.0.1:7400", .token_file = token_file_});

  ASSERT_THAT(connection, IsOk());
  EXPECT_EQ(connection->ca_file, "");
  EXPECT_TRUE(connection->plain_text);
}

TEST_F(ConnectionTest, OnlyThisMachineIsSpokenToInPlainText) {
  environment_ = {{"AIRLOCK_TOKEN", "alk_variable"}};

  EXPECT_TRUE(Resolve({.endpoint = "127.0.0.1:7400"})->plain_text);
  EXPECT_TRUE(Resolve({.endpoint = "localhost:7400"})->plain_text);
  EXPECT_FALSE(Resolve({.endpoint = "10.0.0.1:7400"})->plain_text);
  EXPECT_FALSE(Resolve({.endpoint = "airlock.example.com:7400"})->plain_text);
}

TEST_F(ConnectionTest, NothingKnownSaysWhatWouldDo) {
  const auto connection = Resolve({});

  EXPECT_THAT(connection, StatusIs(absl::StatusCode::kFailedPrecondition,
                                   HasSubstr("airlock up")));
  EXPECT_EQ(ErrorReason(connection.status()), "NO_ENDPOINT");
}

TEST_F(ConnectionTest, BadPartsAreRefused) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  environment_ = {{"AIRLOCK_TOKEN", "two words"}};

  EXPECT_THAT(Resolve({.endpoint = "127.0.0.1:7400"}), StatusIs(invalid));
  for (const char* endpoint : {"host", "host:0", "host:99999", "a b:1"}) {
    EXPECT_THAT(Resolve({.endpoint = endpoint, .token_file = token_file_}),
                StatusIs(invalid, HasSubstr("host:port")))
        << endpoint;
  }
  EXPECT_THAT(
      Resolve({.endpoint = "127.0.0.1:1", .token_file = directory_ / "none"}),
      StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ConnectionTest, BrokenFactsAreAnErrorAndNotIgnored) {
  ASSERT_THAT(WriteFileAtomically(directory_ / "client.json", "{", 0600),
              IsOk());

  EXPECT_THAT(Resolve({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                    HasSubstr("client.json")));
}

}  // namespace
}  // namespace airlock::cli
