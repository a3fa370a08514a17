#include "services/policy/engine/rule_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/policy/engine/engine_cases.h"

namespace airlock::policy {
namespace {

TEST(RuleMatchTest, AgentConditionIsExact) {
  constexpr char kRule[] =
      R"({"autonomy": {"level": "full"}, "approvalGating": {"rules": [
         {"action": "file_read", "approval": "deny", "agent": "ci"}]}})";

  EXPECT_EQ(DecideText(kRule, FileRead("a"), "ci").effect, Effect::kDeny);
  EXPECT_EQ(DecideText(kRule, FileRead("a"), "ci-bot").effect, Effect::kAllow);
}

TEST(RuleMatchTest, PathIsMatchedWholeAndInBothForms) {
  for (const char* pattern : {"src/.*", "/workspace/src/.*"}) {
    const std::string rule =
        absl::StrCat(R"({"action": "file_read", "approval": "deny", "path": ")",
                     pattern, "\"}");
    for (const char* path : {"src/a", "/workspace/src/a"}) {
      EXPECT_EQ(DecideByRules(rule, FileRead(path)).effect, Effect::kDeny)
          << pattern << " " << path;
    }
    EXPECT_EQ(DecideByRules(rule, FileRead("lib/src/a")).effect,
              Effect::kAllow);
  }
}

TEST(RuleMatchTest, HostIsComparedWithoutPortCaseAndDot) {
  constexpr char kRule[] =
      R"({"action": "http_get", "approval": "deny", "host": "Evil.Example"})";

  for (const char* url :
       {"http://evil.example", "https://EVIL.example:8080/x?y#z",
        "HTTP://evil.example./", "http://evil.example?x@good.example"}) {
    EXPECT_EQ(DecideByRules(kRule, HttpGet(url)).effect, Effect::kDeny) << url;
  }
  EXPECT_EQ(DecideByRules(kRule, HttpGet("http://evil.example.org")).effect,
            Effect::kAllow);
}

TEST(RuleMatchTest, LanguageIsExact) {
  constexpr char kRule[] =
      R"({"action": "code_exec", "approval": "deny", "language": "sh"})";

  EXPECT_EQ(DecideByRules(kRule, Code("sh", "ls")).effect, Effect::kDeny);
  EXPECT_EQ(DecideByRules(kRule, Code("bash", "ls")).effect, Effect::kAllow);
}

constexpr char kAutoLs[] = R"({"approvalGating": {"rules": [
    {"action": "system_command", "approval": "auto", "command": "ls( [a-z]+)*"}
  ]}})";

TEST(RuleMatchTest, AutoCommandMatchesAnArgvWhole) {
  EXPECT_THAT(DecideText(kAutoLs, Argv({"ls"})),
              Allowed("approvalGating.rules[0]"));
  EXPECT_THAT(DecideText(kAutoLs, Argv({"ls", "src"})),
              Allowed("approvalGating.rules[0]"));
  for (const Action& action :
       {Argv({"ls", "src;rm"}), Argv({"ls src"}), Argv({"als"}),
        Argv({"ls", ""}), Argv({"ls", "a b"}), Argv({"ls\n"}),
        Argv({"ls", "src\nrm"})}) {
    EXPECT_THAT(DecideText(kAutoLs, action), NeedsApproval("autonomy.level"))
        << action.ShortDebugString();
  }
}

TEST(RuleMatchTest, AutoCommandNeverMatchesShellLinesAndCode) {
  EXPECT_THAT(DecideText(kAutoLs, Shell("ls")),
              NeedsApproval("autonomy.level"));
  EXPECT_THAT(DecideText(kAutoLs, Code("sh", "ls")),
              NeedsApproval("autonomy.level"));
}

TEST(RuleMatchTest, AutoCommandNeverMatchesWhatComesWithMoreThanAnArgv) {
  Action with_env = Argv({"ls"});
  (*with_env.mutable_system_command()->mutable_input()->mutable_env())["PATH"] =
      "/workspace";
  Action with_file = Argv({"ls"});
  with_file.mutable_system_command()->mutable_input()->add_files()->set_path(
      "ls");
  Action with_stdin = Argv({"ls"});
  with_stdin.mutable_system_command()->mutable_input()->set_stdin("x");

  Action with_later_input = Argv({"ls"});
  with_later_input.mutable_system_command()
      ->mutable_input()
      ->set_accepts_later_input(true);
  for (const Action& action :
       {with_env, with_file, with_stdin, with_later_input}) {
    EXPECT_THAT(DecideText(kAutoLs, action), NeedsApproval("autonomy.level"))
        << action.ShortDebugString();
  }
}

TEST(RuleMatchTest, DotOfAnAutoCommandDoesNotCrossLines) {
  constexpr char kConfig[] = R"({"approvalGating": {"rules": [
      {"action": "system_command", "approval": "auto",
       "command": "echo '.*'"}]}})";

  EXPECT_THAT(DecideText(kConfig, Argv({"echo", "a b"})),
              Allowed("approvalGating.rules[0]"));
  EXPECT_THAT(DecideText(kConfig, Argv({"echo", "a\nb"})),
              NeedsApproval("autonomy.level"));
}

TEST(RuleMatchTest, TighteningCommandIsFoundAnywhere) {
  Action ssh;
  ssh.mutable_ssh_exec()->set_command("true\nrm -rf /");
  const std::vector<std::pair<std::string, Action>> cases = {
      {"system_command", Argv({"rm", "-v", "-rf", "/"})},
      {"system_command", Argv({"sh", "-c", "true\nrm -rf"})},
      {"system_command", Shell("true\nrm -v \\\n -rf /")},
      {"code_exec", Code("sh", "ls\nrm -rf /\n")},
      {"ssh_exec", ssh}};
  for (const auto& [kind, action] : cases) {
    const auto rule = [kind = kind](const char* approval) {
      return absl::StrCat(R"({"action": ")", kind, R"(", "approval": ")",
                          approval, R"(", "command": "^rm .*-rf"})");
    };
    EXPECT_EQ(DecideByRules(rule("deny"), action).effect, Effect::kDeny)
        << action.ShortDebugString();
    EXPECT_EQ(DecideByRules(rule("required"), action).effect,
              Effect::kRequireApproval)
        << action.ShortDebugString();
  }
}

TEST(RuleMatchTest, TighteningCommandLooksAtBothRenderingsOfAnArgv) {
  const auto effect = [](const char* command, const Action& action) {
    return DecideByRules(absl::StrCat(
                             R"({"action": "system_command", "approval": "deny",
                       "command": ")",
                             command, "\"}"),
                         action)
        .effect;
  };

  EXPECT_EQ(effect("rm -rf", Argv({"sh", "-c", "rm -rf /"})), Effect::kDeny);
  EXPECT_EQ(effect("sh -c rm", Argv({"sh", "-c", "rm -rf /"})), Effect::kDeny);
  EXPECT_EQ(effect("sh -c 'rm", Argv({"sh", "-c", "rm -rf /"})), Effect::kDeny);
  EXPECT_EQ(effect("rm -rf", Argv({"ls"})), Effect::kAllow);
}

TEST(RuleMatchTest, TighteningCommandSeesArgumentsOfCode) {
  Action action = Code("sh", "\"$@\"");
  action.mutable_code_exec()->add_args("rm");

  EXPECT_EQ(DecideByRules(R"({"action": "code_exec", "approval": "deny",
                              "command": "rm"})",
                          action)
                .effect,
            Effect::kDeny);
}

}  // namespace
}  // namespace airlock::policy
