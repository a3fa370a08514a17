#include "services/cli/up/complete_config.h"

#include <gtest/gtest.h>

#include "services/cli/up/local_services.h"

namespace airlock::cli {
namespace {

const StatePaths kPaths("/state");

TEST(CompleteConfigTest, EmptyConfigurationBecomesUsable) {
  ProblemList problems;

  CheckLocalConfig(CompleteConfig({}, kPaths), problems);

  EXPECT_FALSE(problems.has_errors()) << FormatProblems(problems);
}

TEST(CompleteConfigTest, EdgesUseTheStateDirectorysCertificates) {
  const config::v1::Config config = CompleteConfig({}, kPaths);

  EXPECT_EQ(config.gateway().tls().cert_path(), "/state/certs/gateway.pem");
  EXPECT_EQ(config.gateway().internal_tls().ca_path(), "/state/certs/ca.pem");
  EXPECT_EQ(config.policy().tls().key_path(), "/state/certs/policy.key");
  EXPECT_EQ(config.policy().grant_key_path(), "/state/certs/grant.key");
  EXPECT_EQ(config.executor().grant_public_key_path(),
            "/state/certs/grant.pub");
  EXPECT_EQ(config.executor().tls().cert_path(), "/state/certs/executor.pem");
}

TEST(CompleteConfigTest, CertificatesThatTheDoorTakesCountInside) {
  EXPECT_FALSE(CompleteConfig({}, kPaths).policy().has_client_ca_path());

  config::v1::Config config;
  config.mutable_gateway()->set_client_ca_path("/clients.pem");
  EXPECT_EQ(CompleteConfig(config, kPaths).policy().client_ca_path(),
            "/clients.pem");
  config.mutable_policy()->set_client_ca_path("/mine.pem");
  EXPECT_EQ(CompleteConfig(config, kPaths).policy().client_ca_path(),
            "/mine.pem");
}

TEST(CompleteConfigTest, StoreIsKeptInTheStateDirectory) {
  const config::v1::Config config = CompleteConfig({}, kPaths);

  EXPECT_EQ(config.policy().store_path(), "/state/airlock.db");
  EXPECT_EQ(config.policy().audit_checkpoint_path(),
            "/state/audit.checkpoints");
}

TEST(CompleteConfigTest, WhatAPersonWroteStays) {
  config::v1::Config config;
  config.mutable_sandbox()->set_image("mine");
  config.mutable_gateway()->set_listen("127.0.0.1:1234");
  config.mutable_gateway()->mutable_tls()->set_cert_path("/mine.pem");
  config.mutable_policy()->set_tokens_path("/tokens");
  config.mutable_policy()->set_store_path("/mine.db");
  config.mutable_policy()->set_audit_checkpoint_path("/mine.checkpoints");
  config.mutable_executor()->mutable_policy_targets()->add_values("a:1");

  const config::v1::Config complete = CompleteConfig(config, kPaths);

  EXPECT_EQ(complete.sandbox().image(), "mine");
  EXPECT_EQ(complete.gateway().listen(), "127.0.0.1:1234");
  EXPECT_EQ(complete.gateway().tls().cert_path(), "/mine.pem");
  EXPECT_EQ(complete.gateway().policy_target(), kOwnPolicyTarget);
  EXPECT_EQ(complete.policy().tokens_path(), "/tokens");
  EXPECT_EQ(complete.policy().store_path(), "/mine.db");
  EXPECT_EQ(complete.policy().audit_checkpoint_path(), "/mine.checkpoints");
  ASSERT_EQ(complete.executor().policy_targets().values_size(), 1);
  EXPECT_EQ(complete.executor().policy_targets().values(0), "a:1");
}

}  // namespace
}  // namespace airlock::cli
