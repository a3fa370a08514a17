#include "services/policy/engine/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/policy/engine/engine_cases.h"

namespace airlock::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One action of each kind, by the proto's name.
std::map<std::string, Action> AllKinds() {
  std::map<std::string, Action> actions;
  actions["code_exec"] = Code("python", "print(1)");
  actions["system_command"] = Argv({"ls"});
  actions["file_read"] = FileRead("a");
  actions["file_list"].mutable_file_list()->set_path("a");
  actions["file_write"].mutable_file_write()->set_path("a");
  actions["file_delete"].mutable_file_delete()->set_path("a");
  actions["http_get"] = HttpGet("https://example.com/");
  actions["http_post"].mutable_http_post()->set_url("https://example.com/");
  actions["ssh_exec"].mutable_ssh_exec()->set_command("ls");
  return actions;
}

TEST(DecideTest, NothingDecidedIsADenial) {
  EXPECT_EQ(DecisionResult{}.effect, Effect::kDeny);
  EXPECT_EQ(DecisionToProto({}).effect(), airlock::v1::Decision::EFFECT_DENY);
}

TEST(DecideTest, UnknownKindIsDeniedFirst) {
  EXPECT_THAT(DecideText(R"({"sandbox": {"enabled": false}})", Action()),
              Decided(Effect::kDeny, kReasonUnknownAction, "action"));
}

TEST(DecideTest, WhatCannotBeJudgedIsDenied) {
  for (const Action& action :
       {FileRead("../a"), FileRead("/etc/passwd"), FileRead(""),
        HttpGet("ftp://a"), HttpGet("http://u@a/"), Shell("a\xff"),
        Code("sh", std::string("a\0b", 3)), Argv({"\xc0\xaf"})}) {
    EXPECT_THAT(DecideByRules("", action),
                Decided(Effect::kDeny, kReasonInvalidAction, "action"))
        << action.ShortDebugString();
  }
  Action no_command;
  no_command.mutable_system_command();
  EXPECT_THAT(DecideByRules("", no_command),
              Decided(Effect::kDeny, kReasonInvalidAction, "action"));
}

TEST(DecideTest, DisabledSandboxRefusesEveryKind) {
  for (const auto& [kind, action] : AllKinds()) {
    EXPECT_THAT(
        DecideText(absl::StrCat(
                       R"({"sandbox": {"enabled": false},
                           "autonomy": {"level": "full"},
                           "approvalGating": {"rules": [{"action": ")",
                       kind == "file_list" ? "file_read" : kind,
                       R"(", "approval": "auto"}]}})"),
                   action),
        Decided(Effect::kDeny, kReasonSandboxDisabled, "sandbox.enabled"))
        << kind;
  }
}

TEST(DecideTest, DisabledSandboxComesBeforeBlockedActions) {
  EXPECT_THAT(
      DecideText(R"({"sandbox": {"enabled": false},
                             "autonomy": {"blockedActions": ["code_exec"]}})",
                 Code("sh", "ls")),
      Decided(Effect::kDeny, kReasonSandboxDisabled, "sandbox.enabled"));
}

TEST(DecideTest, BlockedActionIsDeniedAtEveryLevelWhateverTheRulesSay) {
  for (const char* level : {"readonly", "supervised", "full"}) {
    for (const auto& [kind, action] : AllKinds()) {
      const std::string word = kind == "file_list" ? "file_read" : kind;
      EXPECT_THAT(
          DecideText(
              absl::StrCat(R"({"autonomy": {"level": ")", level,
                           R"(", "blockedActions": [")", word,
                           R"("], "allowedActions": [")", word,
                           R"("]}, "approvalGating": {"rules": [{"action": ")",
                           word, R"(", "approval": "auto"}]}})"),
              action),
          Decided(Effect::kDeny, kReasonBlockedAction,
                  "autonomy.blockedActions"))
          << level << " " << kind;
    }
  }
}

TEST(DecideTest, ActionOutsideTheAllowedOnesIsDeniedWhateverTheRulesSay) {
  EXPECT_THAT(DecideText(R"({"autonomy": {"level": "full",
                                  "allowedActions": ["file_read"]},
                     "approvalGating": {"rules": [
                       {"action": "code_exec", "approval": "auto"}]}})",
                         Code("sh", "ls")),
              Decided(Effect::kDeny, kReasonActionNotAllowed,
                      "autonomy.allowedActions"));
}

TEST(DecideTest, EmptyAllowedListDeniesAndAnAbsentOneDoesNot) {
  EXPECT_THAT(DecideText(R"({"autonomy": {"level": "full",
                                          "allowedActions": []}})",
                         Code("sh", "ls")),
              Decided(Effect::kDeny, kReasonActionNotAllowed,
                      "autonomy.allowedActions"));
  EXPECT_THAT(
      DecideText(R"({"autonomy": {"level": "full"}})", Code("sh", "ls")),
      Allowed("autonomy.level"));
}

TEST(DecideTest, ReadonlyLetsOnlyReadsGoOn) {
  for (const auto& [kind, action] : AllKinds()) {
    const DecisionResult result =
        DecideText(R"({"autonomy": {"level": "readonly"}})", action);
    if (kind == "file_read" || kind == "file_list" || kind == "http_get") {
      EXPECT_THAT(result, Allowed("autonomy.level")) << kind;
    } else {
      EXPECT_THAT(result,
                  Decided(Effect::kDeny, kReasonReadonly, "autonomy.level"))
          << kind;
    }
  }
}

TEST(DecideTest, NoRuleLiftsReadonly) {
  EXPECT_THAT(DecideText(R"({"autonomy": {"level": "readonly"},
                             "approvalGating": {"rules": [
                               {"action": "code_exec", "approval": "auto"}]}})",
                         Code("sh", "ls")),
              Decided(Effect::kDeny, kReasonReadonly, "autonomy.level"));
}

TEST(DecideTest, RulesStillTightenTheReadsOfReadonly) {
  EXPECT_THAT(
      DecideText(R"({"autonomy": {"level": "readonly"},
                             "approvalGating": {"rules": [
                               {"action": "file_read", "approval": "deny"}]}})",
                 FileRead("a")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[0]"));
}

TEST(DecideTest, WithoutARuleTheLevelDecides) {
  for (const auto& [kind, action] : AllKinds()) {
    EXPECT_THAT(DecideText("{}", action), NeedsApproval("autonomy.level"))
        << kind;
    EXPECT_THAT(DecideText(R"({"autonomy": {"level": "full"}})", action),
                Allowed("autonomy.level"))
        << kind;
  }
}

TEST(DecideTest, EachEffectOfARuleIsApplied) {
  EXPECT_THAT(DecideByRules(R"({"action": "file_read", "approval": "auto"})",
                            FileRead("a")),
              Allowed("approvalGating.rules[0]"));
  EXPECT_THAT(
      DecideByRules(R"({"action": "file_read", "approval": "required"})",
                    FileRead("a")),
      NeedsApproval("approvalGating.rules[0]"));
  EXPECT_THAT(
      DecideByRules(R"({"action": "file_read", "approval": "deny"})",
                    FileRead("a")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[0]"));
}

TEST(DecideTest, AutoRuleLiftsSupervision) {
  EXPECT_THAT(DecideText(R"({"approvalGating": {"rules": [
                               {"action": "file_read", "approval": "auto"}]}})",
                         FileRead("a")),
              Allowed("approvalGating.rules[0]"));
}

TEST(DecideTest, FirstRuleThatMatchesDecides) {
  constexpr char kRules[] = R"(
      {"action": "file_read", "approval": "deny", "path": "secret/.*"},
      {"action": "file_read", "approval": "auto"},
      {"action": "file_read", "approval": "deny"})";

  EXPECT_THAT(
      DecideByRules(kRules, FileRead("secret/a")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[0]"));
  EXPECT_THAT(DecideByRules(kRules, FileRead("public")),
              Allowed("approvalGating.rules[1]"));
}

TEST(DecideTest, FileListIsDecidedAsFileRead) {
  Action list;
  list.mutable_file_list();

  EXPECT_THAT(
      DecideByRules(R"({"action": "file_read", "approval": "deny"})", list),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[0]"));
  EXPECT_THAT(
      DecideText(R"({"autonomy": {"blockedActions": ["file_read"]}})", list),
      Decided(Effect::kDeny, kReasonBlockedAction, "autonomy.blockedActions"));
}

TEST(DecideTest, ApprovalIsDeniedWhereNobodyIsAsked) {
  const DecisionResult by_level =
      DecideText(R"({"approvalGating": {"enabled": false}})", FileRead("a"));
  EXPECT_THAT(by_level, Decided(Effect::kDeny, kReasonApprovalGatingDisabled,
                                "approvalGating.enabled"));
  EXPECT_THAT(by_level.explanation, HasSubstr("is false"));
  EXPECT_THAT(DecideText(R"({"autonomy": {"level": "full"},
                             "approvalGating": {"enabled": false, "rules": [
                           {"action": "file_read", "approval": "required"}]}})",
                         FileRead("a")),
              Decided(Effect::kDeny, kReasonApprovalGatingDisabled,
                      "approvalGating.enabled"));
}

TEST(DecideTest, DisabledGatingLeavesRulesThatAskNobody) {
  constexpr char kConfig[] = R"({"approvalGating": {"enabled": false, "rules": [
      {"action": "file_read", "approval": "auto", "path": "a"},
      {"action": "file_read", "approval": "deny"}]}})";

  EXPECT_THAT(DecideText(kConfig, FileRead("a")),
              Allowed("approvalGating.rules[0]"));
  EXPECT_THAT(
      DecideText(kConfig, FileRead("b")),
      Decided(Effect::kDeny, kReasonRuleDenies, "approvalGating.rules[1]"));
}

TEST(DecideTest, AgentsOwnSettingsDecideWithTheirPath) {
  constexpr char kConfig[] = R"({
    "autonomy": {"level": "full"},
    "agents": {"ci-bot": {"autonomy": {"blockedActions": ["file_read"]}}}})";

  EXPECT_THAT(DecideText(kConfig, FileRead("a"), "ci-bot"),
              Decided(Effect::kDeny, kReasonBlockedAction,
                      "agents.ci-bot.autonomy.blockedActions"));
  EXPECT_THAT(DecideText(kConfig, FileRead("a"), "other"),
              Allowed("autonomy.level"));
}

TEST(DecideTest, StepsLeadToTheOneThatApplied) {
  const DecisionResult result = DecideByRules(
      R"({"action": "file_read", "approval": "deny", "path": "b"},
         {"action": "file_read", "approval": "auto"},
         {"action": "file_read", "approval": "deny"})",
      FileRead("a"));

  ASSERT_EQ(result.steps.size(), 6u);
  std::vector<std::string> rules;
  for (const DecisionStep& step : result.steps) {
    rules.push_back(step.rule);
    EXPECT_EQ(step.applied, &step == &result.steps.back());
    EXPECT_NE(step.explanation, "");
  }
  EXPECT_THAT(
      rules, ElementsAre("action", "sandbox.enabled", "autonomy.blockedActions",
                         "autonomy.allowedActions", "approvalGating.rules[0]",
                         "approvalGating.rules[1]"));
}

TEST(DecideTest, ProtoSaysTheSame) {
  const DecisionResult result = DecideText("{}", FileRead("a"));

  const airlock::v1::ExplainActionResponse response =
      ExplanationToProto(result);

  EXPECT_EQ(response.decision().effect(),
            airlock::v1::Decision::EFFECT_REQUIRE_APPROVAL);
  EXPECT_EQ(response.decision().rule(), "autonomy.level");
  EXPECT_EQ(response.decision().reason(), "APPROVAL_REQUIRED");
  EXPECT_EQ(response.decision().explanation(), result.explanation);
  ASSERT_EQ(response.steps_size(), static_cast<int>(result.steps.size()));
  EXPECT_TRUE(response.steps(response.steps_size() - 1).applied());
  EXPECT_EQ(DecisionToProto(DecideByRules("", FileRead("a"))).effect(),
            airlock::v1::Decision::EFFECT_ALLOW);
}

}  // namespace
}  // namespace airlock::policy
