// Rules found by their index are those found by asking each in turn, whatever
// the rules and the action.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/unit/policy/engine/engine_cases.h"

namespace airlock::policy {
namespace {

// Few words each, so that rules meet actions and each other.
const std::vector<std::string> kAgents = {"ci-bot", "helper", "other"};
const std::vector<std::string> kLanguages = {"python", "bash"};
const std::vector<std::string> kHosts = {
    "example.com", "a.example.com",  "b.a.example.com",
    "com",         "notexample.com", "10.0.0.1",
    "localhost",   "x.org",          "a.b.c.d.example.com"};
const std::vector<std::string> kHostRules = {
    "example.com", "*.example.com", "*.a.example.com", "*.com",
    "10.0.0.1",    "localhost",     "*.org",           "b.a.example.com"};
const std::vector<std::string> kPaths = {
    ".",      "a",   "src/main.py", "src/a/b.py", "docs/x.md",
    "secret", "src", "a b",         "etc/passwd", "src/secret.py"};
const std::vector<std::string> kPathRules = {"src/.*",
                                             ".*\\\\.py",
                                             "/workspace/src/.*",
                                             "/workspace",
                                             "secret",
                                             "(?i)SECRET",
                                             "a|b",
                                             ".*secret.*",
                                             "docs/.*\\\\.md",
                                             "[a-z]+",
                                             "^src",
                                             "src/.*$",
                                             "/workspace/?.*",
                                             ".",
                                             "\\\\.",
                                             "src/(a|b)/.*"};
const std::vector<std::string> kCommands = {
    "ls",     "ls -la",        "rm -rf /",   "git push", "git status",
    "echo a", "curl x | bash", "make\ntest", "a\nrm b",  "pip install x"};
const std::vector<std::string> kCommandRules = {"rm",
                                                "^rm",
                                                "rm .*",
                                                "git (status|log)",
                                                "ls( -[a-z]+)*",
                                                "bash$",
                                                "curl.*bash",
                                                "(?i)PUSH",
                                                "a.rm",
                                                "echo [a-z]",
                                                "x",
                                                "test$",
                                                "'",
                                                ".*",
                                                "pip install .*"};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  bool OneIn(std::size_t many) { return Below(many) == 0; }
  const std::string& Of(const std::vector<std::string>& words) {
    return words[Below(words.size())];
  }

 private:
  std::mt19937 engine_;
};

std::string RandomRule(Dice& dice) {
  const std::string action =
      dice.Of({"code_exec", "system_command", "file_read", "file_write",
               "file_delete", "http_get", "http_post", "ssh_exec"});
  const std::string approval = dice.Of({"auto", "required", "deny"});
  std::string rule = absl::StrCat(R"({"action": ")", action,
                                  R"(", "approval": ")", approval, "\"");
  const auto add = [&rule](const std::string& key, const std::string& value) {
    absl::StrAppend(&rule, ", \"", key, "\": \"", value, "\"");
  };
  if (dice.OneIn(4)) add("agent", dice.Of(kAgents));
  const bool is_file = action.rfind("file", 0) == 0;
  const bool is_http = action.rfind("http", 0) == 0;
  // Almost every rule has a condition: one without ends the search.
  if (is_file && !dice.OneIn(20)) add("path", dice.Of(kPathRules));
  if (is_http && !dice.OneIn(20)) add("host", dice.Of(kHostRules));
  if (action == "code_exec" && dice.OneIn(2)) {
    add("language", dice.Of(kLanguages));
  }
  const bool may_have_command =
      !is_file && !is_http &&
      (approval != "auto" || action == "system_command");
  if (may_have_command && !dice.OneIn(20)) {
    add("command", dice.Of(kCommandRules));
  }
  return rule + "}";
}

std::string RandomConfig(Dice& dice) {
  std::vector<std::string> rules(dice.Below(60));
  for (std::string& rule : rules) rule = RandomRule(dice);
  return absl::StrCat(R"({"autonomy": {"level": ")",
                      dice.Of({"full", "supervised", "readonly"}),
                      R"("}, "approvalGating": {"rules": [)",
                      absl::StrJoin(rules, ","), "]}}");
}

Action RandomAction(Dice& dice) {
  Action action;
  switch (dice.Below(8)) {
    case 0:
      return Code(dice.Of(kLanguages), dice.Of(kCommands));
    case 1:
      return Shell(dice.Of(kCommands));
    case 2:
      return Argv({dice.Of({"ls", "rm", "git", "echo"}),
                   dice.Of({"-la", "status", "push", "a b", "x"})});
    case 3:
      return FileRead(dice.Of(kPaths));
    case 4:
      action.mutable_file_write()->set_path(dice.Of(kPaths));
      return action;
    case 5:
      return HttpGet(absl::StrCat("https://", dice.Of(kHosts), "/"));
    case 6:
      action.mutable_http_post()->set_url(
          absl::StrCat("http://", dice.Of(kHosts), ":8080/x"));
      return action;
    default:
      action.mutable_ssh_exec()->set_command(dice.Of(kCommands));
      return action;
  }
}

TEST(DecidePropertyTest, IndexFindsTheRuleThatAskingEachInTurnFinds) {
  std::map<std::string, int> reasons;
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Dice dice(seed);
    const std::string config = RandomConfig(dice);
    const auto contract = ContractFromText(config);
    ASSERT_NE(contract, nullptr) << config;
    for (int i = 0; i < 50; ++i) {
      const Action action = RandomAction(dice);
      const ActionFacts facts = FactsFromAction(action, dice.Of(kAgents));
      const AgentContract& settings = contract->ForAgent(facts.agent);

      const DecisionResult decided = Decide(settings, facts);

      ExpectSame(decided, Explain(settings, facts));
      ++reasons[decided.reason];
      if (HasFailure()) FAIL() << config << action.ShortDebugString();
    }
  }
  // What was tried is not all one case.
  EXPECT_GT(reasons["RULE_ALLOWS"], 500);
  EXPECT_GT(reasons["RULE_DENIES"], 500);
  EXPECT_GT(reasons["APPROVAL_REQUIRED"], 500);
  EXPECT_GT(reasons["LEVEL_ALLOWS"], 200);
}

TEST(DecidePropertyTest, PatternsTooLargeForOneAutomatonAreTriedOneByOne) {
  std::vector<std::string> rules;
  for (int i = 0; i < 12; ++i) {
    rules.push_back(
        absl::StrCat(R"({"action": "file_read", "approval": "deny", "path": ")",
                     i, R"((abcdefghij){0,900}z"})"));
  }
  const std::string all = absl::StrJoin(rules, ",");

  EXPECT_THAT(
      DecideByRules(all, FileRead("7abcdefghijz")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[7]"));
  EXPECT_THAT(DecideByRules(all, FileRead("7abcdefghij")),
              Allowed("autonomy.level"));
}

TEST(DecidePropertyTest, TwoThousandRulesAreAccepted) {
  std::vector<std::string> rules;
  for (int i = 0; i < 2000; ++i) {
    rules.push_back(absl::StrCat(
        R"({"action": "file_read", "approval": "deny", "path": "dir)", i,
        R"(/.*"})"));
  }

  EXPECT_THAT(
      DecideByRules(absl::StrJoin(rules, ","), FileRead("dir1999/a")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[1999]"));
}

}  // namespace
}  // namespace airlock::policy
