#include "services/policy/config/policy_version.h"

#include <gmock/gmock.h>

#include "common/config/config_file.h"

namespace airlock::policy {
namespace {

std::string VersionOf(absl::string_view text) {
  const ConfigReading reading = ReadConfigText(text);
  EXPECT_FALSE(reading.problems.has_errors())
      << FormatProblems(reading.problems);
  return PolicyVersionOf(reading.config);
}

TEST(PolicyVersionTest, IsTwelveHexadecimalDigits) {
  EXPECT_THAT(VersionOf("{}"), testing::MatchesRegex("[0-9a-f]{12}"));
}

TEST(PolicyVersionTest, OrderAndBlanksDoNotCount) {
  EXPECT_EQ(VersionOf(R"({"autonomy": {"level": "full"},
                    "agents": {"a": {"sandbox": {"timeout": 5}}, "b": {}}})"),
            VersionOf(R"({"agents":{"b":{},"a":{"sandbox":{"timeout":5}}},
                    "autonomy":{"level":"full"}})"));
}

TEST(PolicyVersionTest, EverySectionThatDecidesCounts) {
  const std::string empty = VersionOf("{}");

  for (const char* text :
       {R"({"sandbox": {"timeout": 5}})", R"({"autonomy": {"level": "full"}})",
        R"({"approvalGating": {"rules": []}})", R"({"agents": {"a": {}}})"}) {
    EXPECT_NE(VersionOf(text), empty) << text;
  }
}

TEST(PolicyVersionTest, OrderOfRulesCounts) {
  EXPECT_NE(VersionOf(R"({"approvalGating": {"rules": [
                {"action": "file_read", "approval": "auto"},
                {"action": "code_exec", "approval": "deny"}]}})"),
            VersionOf(R"({"approvalGating": {"rules": [
                {"action": "code_exec", "approval": "deny"},
                {"action": "file_read", "approval": "auto"}]}})"));
}

TEST(PolicyVersionTest, WhereServicesListenDecidesNothing) {
  EXPECT_EQ(VersionOf(R"({"gateway": {"listen": "127.0.0.1:1"},
                          "policy": {"maxQueued": 3},
                          "executor": {"maxRunning": 3}})"),
            VersionOf("{}"));
}

}  // namespace
}  // namespace airlock::policy
