#include "common/config/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<ConfigProblem> ProblemsOf(absl::string_view rules) {
  return ContractProblems(
      absl::StrCat(R"({"approvalGating": {"rules": [)", rules, "]}}"));
}

struct Refusal {
  const char* rule;
  const char* key;
  const char* message;
};

class RuleRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RuleRefusalTest, KeyIsNamedWithWhatWouldDo) {
  EXPECT_THAT(ProblemsOf(GetParam().rule),
              ElementsAre(ErrorAt(
                  absl::StrCat("approvalGating.rules[0].", GetParam().key),
                  GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleRefusalTest,
    testing::Values(
        Refusal{R"({"approval": "auto"})", "action", "is required: one of"},
        Refusal{R"({"action": "exec", "approval": "auto"})", "action",
                R"(or "ssh_exec": got "exec")"},
        Refusal{R"({"action": "file_list", "approval": "auto"})", "action",
                "got \"file_list\""},
        Refusal{R"({"action": "file_read"})", "approval", "is required"},
        Refusal{R"({"action": "file_read", "approval": "allow"})", "approval",
                R"(must be "auto", "required" or "deny": got "allow")"},
        Refusal{R"({"action": "file_read", "approval": "deny", "path": "("})",
                "path", "must be an RE2 pattern: missing ): (: got \"(\""},
        Refusal{R"({"action": "file_read", "approval": "deny", "path": "a)("})",
                "path", "must be an RE2 pattern"},
        Refusal{R"j({"action": "file_read", "approval": "deny",
                    "path": "(?=x)"})j",
                "path", "must be an RE2 pattern"},
        Refusal{R"({"action": "file_read", "approval": "deny", "path": ""})",
                "path", "must not be empty"},
        Refusal{R"({"action": "file_read", "approval": "auto", "agent": "A"})",
                "agent", "must be an agent's id"},
        Refusal{R"({"action": "http_get", "approval": "auto", "host": "a/b"})",
                "host", "must be a host"},
        Refusal{R"({"action": "http_get", "approval": "auto", "host": "*."})",
                "host", "must be a host"},
        Refusal{R"({"action": "http_get", "approval": "auto",
                    "host": "*.*.com"})",
                "host", "must be a host"},
        Refusal{R"({"action": "http_get", "approval": "auto",
                    "host": "*.10.0.0.1"})",
                "host", "must be a host"}));

INSTANTIATE_TEST_SUITE_P(
    Conditions, RuleRefusalTest,
    testing::Values(
        Refusal{R"({"action": "code_exec", "approval": "deny", "path": "a"})",
                "path", "for file_read, file_write and file_delete only"},
        Refusal{R"({"action": "http_get", "approval": "deny", "path": "a"})",
                "path", "got it with the action \"http_get\""},
        Refusal{R"({"action": "file_read", "approval": "deny", "host": "a"})",
                "host", "for http_get and http_post only"},
        Refusal{R"({"action": "ssh_exec", "approval": "deny", "host": "a"})",
                "host", "for http_get and http_post only"},
        Refusal{R"({"action": "system_command", "approval": "deny",
                    "language": "sh"})",
                "language", "for code_exec only"},
        Refusal{R"({"action": "file_read", "approval": "deny",
                    "command": "a"})",
                "command", "for system_command, code_exec and ssh_exec only"},
        Refusal{R"({"action": "file_read", "approval": "auto",
                    "command": "a"})",
                "command", "for system_command, code_exec and ssh_exec only"},
        Refusal{R"({"action": "code_exec", "approval": "auto",
                    "command": "a"})",
                "command", "may only tighten"},
        Refusal{R"({"action": "ssh_exec", "approval": "auto",
                    "command": "a"})",
                "command", "may only tighten"}));

TEST(RuleTest, ConditionsThatFitAreTaken) {
  EXPECT_THAT(ProblemsOf(R"(
        {"action": "file_delete", "approval": "deny", "path": "src/.*"},
        {"action": "http_post", "approval": "auto", "host": "*.example.com"},
        {"action": "code_exec", "approval": "required", "language": "sh"},
        {"action": "code_exec", "approval": "deny", "command": "rm"},
        {"action": "ssh_exec", "approval": "required", "command": "rm"},
        {"action": "system_command", "approval": "auto", "command": "ls"},
        {"action": "file_read", "approval": "auto", "agent": "ci.bot"})"),
              IsEmpty());
}

TEST(RuleTest, PatternTooLongOrTooBigIsRefused) {
  EXPECT_THAT(
      ProblemsOf(absl::StrCat(
          R"({"action": "file_read", "approval": "deny", "path": ")",
          std::string(4097, 'a'), "\"}")),
      ElementsAre(ErrorAt("approvalGating.rules[0].path", "4096 bytes")));
  EXPECT_THAT(
      ProblemsOf(R"({"action": "file_read", "approval": "deny",
                     "path": "((a{1,100}){1,100}){1,100}"})"),
      ElementsAre(ErrorAt("approvalGating.rules[0].path", "RE2 pattern")));
}

TEST(RuleTest, ManyRulesAreRefused) {
  std::string rules;
  for (int i = 0; i < 2001; ++i) {
    absl::StrAppend(&rules, i == 0 ? "" : ",",
                    R"({"action": "file_read", "approval": "auto"})");
  }

  EXPECT_THAT(ProblemsOf(rules),
              ElementsAre(ErrorAt("approvalGating.rules", "at most 2000")));
}

struct Shadow {
  const char* rules;
  bool warned;
};

class ShadowTest : public testing::TestWithParam<Shadow> {};

TEST_P(ShadowTest, RuleThatCanNeverMatchIsWarnedOf) {
  const std::vector<ConfigProblem> problems = ProblemsOf(GetParam().rules);

  if (GetParam().warned) {
    EXPECT_THAT(problems,
                ElementsAre(WarningAt("approvalGating.rules[1]",
                                      "approvalGating.rules[0] comes first")));
  } else {
    EXPECT_THAT(problems, IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ShadowTest,
    testing::Values(
        Shadow{R"({"action": "file_read", "approval": "auto"},
                  {"action": "file_read", "approval": "deny"})",
               true},
        Shadow{R"({"action": "file_read", "approval": "auto"},
                  {"action": "file_read", "approval": "deny", "path": "a"})",
               true},
        Shadow{R"({"action": "file_read", "approval": "auto", "path": "a"},
                  {"action": "file_read", "approval": "deny", "path": "a"})",
               true},
        Shadow{R"({"action": "file_read", "approval": "auto", "path": "a"},
                  {"action": "file_read", "approval": "deny"})",
               false},
        Shadow{R"({"action": "file_read", "approval": "auto", "path": "a"},
                  {"action": "file_read", "approval": "deny", "path": "b"})",
               false},
        Shadow{R"({"action": "file_read", "approval": "auto"},
                  {"action": "file_write", "approval": "deny"})",
               false},
        Shadow{R"({"action": "file_read", "approval": "auto", "agent": "a"},
                  {"action": "file_read", "approval": "deny", "agent": "b"})",
               false},
        Shadow{R"({"action": "http_get", "approval": "auto",
                   "host": "*.example.com"},
                  {"action": "http_get", "approval": "deny",
                   "host": "a.example.com"})",
               true},
        Shadow{R"({"action": "http_get", "approval": "auto",
                   "host": "*.example.com"},
                  {"action": "http_get", "approval": "deny",
                   "host": "example.com"})",
               false},
        Shadow{R"({"action": "code_exec", "approval": "required",
                   "language": "sh"},
                  {"action": "code_exec", "approval": "deny",
                   "language": "sh", "command": "rm"})",
               true},
        // An argv that matches whole is only part of what tightens.
        Shadow{R"({"action": "system_command", "approval": "auto",
                   "command": "ls"},
                  {"action": "system_command", "approval": "deny",
                   "command": "ls"})",
               false},
        Shadow{R"({"action": "system_command", "approval": "deny",
                   "command": "ls"},
                  {"action": "system_command", "approval": "auto",
                   "command": "ls"})",
               true}));

TEST(RuleTest, RuleForWhatNeverReachesTheRulesIsWarnedOf) {
  EXPECT_THAT(
      ContractProblems(R"({
        "autonomy": {"level": "readonly", "blockedActions": ["http_get"],
                     "allowedActions": ["http_get", "file_read", "code_exec"]},
        "approvalGating": {"rules": [
          {"action": "http_get", "approval": "auto"},
          {"action": "ssh_exec", "approval": "auto"},
          {"action": "code_exec", "approval": "auto"},
          {"action": "file_read", "approval": "auto"}]}})"),
      ElementsAre(
          WarningAt("autonomy.allowedActions", "it is blocked"),
          WarningAt("approvalGating.rules[0]", "autonomy.blockedActions has"),
          WarningAt("approvalGating.rules[1]", "autonomy.allowedActions lacks"),
          WarningAt("approvalGating.rules[2]", "autonomy.level is")));
}

TEST(RuleTest, RuleForAnUnknownLanguageIsWarnedOf) {
  EXPECT_THAT(ProblemsOf(R"({"action": "code_exec", "approval": "auto",
                             "language": "cobol"})"),
              ElementsAre(WarningAt("approvalGating.rules[0]",
                                    "sandbox.languages has no \"cobol\"")));
}

TEST(HostPatternTest, StarMeansBelowOnly) {
  const HostPattern below{"example.com", true};

  EXPECT_TRUE(below.Matches("a.example.com"));
  EXPECT_TRUE(below.Matches("a.b.example.com"));
  EXPECT_FALSE(below.Matches("example.com"));
  EXPECT_FALSE(below.Matches("notexample.com"));
  EXPECT_FALSE(below.Matches("example.com.evil.org"));
}

}  // namespace
}  // namespace airlock
