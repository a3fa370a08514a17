#include "services/gateway/gateway_config.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/config_file.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

constexpr char kRequired[] =
    R"("tokensPath": "/t.json",
       "internalTls": {"certPath": "/c", "keyPath": "/k", "caPath": "/a"})";

struct Read {
  GatewaySettings settings;
  std::string problems;
  bool has_errors = false;
};

// The required keys, and `more`.
Read With(const std::string& more) {
  ConfigReading reading = ReadConfigText(absl::StrCat(
      "{\"gateway\": {", kRequired, more.empty() ? "" : ",", more, "}}"));
  Read read;
  read.settings = GatewaySettingsFrom(reading.config, reading.problems);
  read.problems = FormatProblems(reading.problems);
  read.has_errors = reading.problems.has_errors();
  return read;
}

TEST(GatewayConfigTest, DefaultsAreTheDocumentedOnes) {
  const Read read = With("");

  EXPECT_FALSE(read.has_errors) << read.problems;
  EXPECT_EQ(read.settings.listen.ToString(), "127.0.0.1:7400");
  EXPECT_EQ(read.settings.policy_target, "127.0.0.1:7401");
  EXPECT_EQ(read.settings.metrics_listen.ToString(), "127.0.0.1:9464");
  EXPECT_EQ(read.settings.probe_listen.ToString(), "127.0.0.1:7410");
  EXPECT_EQ(read.settings.drain_timeout, absl::Seconds(30));
  EXPECT_EQ(read.settings.max_calls_per_principal, 1024);
  EXPECT_EQ(read.settings.max_calls_per_second, 1000);
  EXPECT_FALSE(read.settings.tls.has_value());
  EXPECT_EQ(read.settings.internal_tls.ca_path, "/a");
  EXPECT_EQ(read.settings.client_ca_path, "");
}

TEST(GatewayConfigTest, ClientsAreAskedForCertificatesOnlyOverTls) {
  const Read without = With(R"("clientCaPath": "/clients.pem")");
  EXPECT_TRUE(without.has_errors);
  EXPECT_THAT(without.problems, HasSubstr("gateway.clientCaPath: needs"));

  const Read with = With(R"("clientCaPath": "/clients.pem",
                            "tls": {"certPath": "/x", "keyPath": "/y"})");
  EXPECT_EQ(with.problems, "");
  EXPECT_EQ(with.settings.client_ca_path, "/clients.pem");
}

TEST(GatewayConfigTest, CertificatesThatThePolicyRefusesAreWarnedOf) {
  const auto problems = [](const std::string& policy) {
    ConfigReading reading = ReadConfigText(absl::StrCat(
        "{\"gateway\": {", kRequired, R"(, "clientCaPath": "/clients.pem",
            "tls": {"certPath": "/x", "keyPath": "/y"}}, "policy": )",
        policy, "}"));
    GatewaySettingsFrom(reading.config, reading.problems);
    return FormatProblems(reading.problems);
  };

  EXPECT_THAT(problems(R"({"tokensPath": "/t.json"})"),
              HasSubstr("without policy.clientCaPath"));
  EXPECT_EQ(problems(R"({"clientCaPath": "/clients.pem"})"), "");
}

TEST(GatewayConfigTest, GivenValuesCount) {
  const Read read = With(
      R"("listen": "0.0.0.0:443", "tls": {"certPath": "/x", "keyPath": "/y"},
         "policyTarget": "dns:///policy.example:7401", "drainTimeout": 5,
         "maxCallsPerPrincipal": 3, "maxCallsPerSecond": 7)");

  EXPECT_FALSE(read.has_errors) << read.problems;
  EXPECT_EQ(read.settings.listen.ToString(), "0.0.0.0:443");
  ASSERT_TRUE(read.settings.tls.has_value());
  EXPECT_EQ(read.settings.tls->key_path, "/y");
  EXPECT_EQ(read.settings.policy_target, "dns:///policy.example:7401");
  EXPECT_EQ(read.settings.drain_timeout, absl::Milliseconds(5));
  EXPECT_EQ(read.settings.max_calls_per_principal, 3);
  EXPECT_EQ(read.settings.max_calls_per_second, 7);
}

TEST(GatewayConfigTest, PlainTextIsForLoopbackOnly) {
  EXPECT_TRUE(With(R"("listen": "0.0.0.0:7400")").has_errors);
  EXPECT_THAT(With(R"("listen": "0.0.0.0:7400")").problems,
              HasSubstr("gateway.tls"));
  EXPECT_FALSE(With(R"("listen": "[::1]:7400")").has_errors);
  EXPECT_FALSE(With(R"("listen": "localhost:7400")").has_errors);
}

TEST(GatewayConfigTest, PlainTextElsewhereIsAcceptedOnlyInSoManyWords) {
  const Read read =
      With(R"("listen": "0.0.0.0:7400", "insecurePlainText": true)");

  EXPECT_FALSE(read.has_errors) << read.problems;
  EXPECT_FALSE(read.settings.tls.has_value());
  EXPECT_THAT(read.problems, HasSubstr("gateway.insecurePlainText: is true"));
  EXPECT_THAT(read.problems, HasSubstr("take their tokens"));

  EXPECT_TRUE(With(R"("listen": "0.0.0.0:7400", "insecurePlainText": false)")
                  .has_errors);
  // On loopback there is nothing to warn of.
  EXPECT_EQ(With(R"("insecurePlainText": true)").problems, "");
}

TEST(GatewayConfigTest, PlainTextAndTlsContradictEachOther) {
  const Read read = With(R"("insecurePlainText": true,
                            "tls": {"certPath": "/x", "keyPath": "/y"})");

  EXPECT_TRUE(read.has_errors);
  EXPECT_THAT(read.problems, HasSubstr("gateway.insecurePlainText"));
}

TEST(GatewayConfigTest, WhatIsWrongIsNamedByItsKeyPath) {
  for (const auto& [more, path] :
       std::vector<std::pair<std::string, std::string>>{
           {R"("listen": "7400")", "gateway.listen"},
           {R"("listen": "127.0.0.1:99999")", "gateway.listen"},
           {R"("metricsListen": "x")", "gateway.metricsListen"},
           {R"("probeListen": "")", "gateway.probeListen"},
           {R"("drainTimeout": -1)", "gateway.drainTimeout"},
           {R"("maxCallsPerPrincipal": 0)", "gateway.maxCallsPerPrincipal"},
           {R"("maxCallsPerSecond": 0)", "gateway.maxCallsPerSecond"},
           {R"("policyTarget": "")", "gateway.policyTarget"},
           {R"("tls": {"certPath": "/x"})", "gateway.tls.keyPath"}}) {
    const Read read = With(more);
    EXPECT_TRUE(read.has_errors) << more;
    EXPECT_THAT(read.problems, HasSubstr(path));
  }
}

TEST(GatewayConfigTest, RequiredKeysAreAskedFor) {
  ConfigReading reading = ReadConfigText("{}");

  GatewaySettingsFrom(reading.config, reading.problems);

  const std::string problems = FormatProblems(reading.problems);
  for (const char* path :
       {"gateway.tokensPath", "gateway.internalTls.certPath",
        "gateway.internalTls.keyPath", "gateway.internalTls.caPath"}) {
    EXPECT_THAT(problems, HasSubstr(path));
  }
}

TEST(GatewayConfigTest, UnusedAuthorityIsOnlyAWarning) {
  const Read read =
      With(R"("tls": {"certPath": "/x", "keyPath": "/y", "caPath": "/z"})");

  EXPECT_FALSE(read.has_errors);
  EXPECT_THAT(read.problems, HasSubstr("gateway.tls.caPath"));
}

}  // namespace
}  // namespace airlock::gateway
