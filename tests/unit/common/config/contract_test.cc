#include "common/config/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(AutonomyTest, UnknownWordsAreRefusedWithTheClosedSet) {
  EXPECT_THAT(
      ContractProblems(R"({"autonomy": {"level": "Full",
          "allowedActions": ["code_exec", "exec"],
          "blockedActions": ["Code_exec", " code_exec", "file_list", ""]}})"),
      ElementsAre(
          ErrorAt("autonomy.level",
                  R"(must be "readonly", "supervised" or "full": got "Full")"),
          ErrorAt("autonomy.allowedActions[1]",
                  R"(must be "code_exec", "system_command", "file_read", )"
                  R"("file_write", "file_delete", "http_get", "http_post" or )"
                  R"("ssh_exec": got "exec")"),
          ErrorAt("autonomy.blockedActions[0]", "got \"Code_exec\""),
          ErrorAt("autonomy.blockedActions[1]", "got \" code_exec\""),
          ErrorAt("autonomy.blockedActions[2]", "decided as \"file_read\""),
          ErrorAt("autonomy.blockedActions[3]", "got \"\"")));
}

TEST(AutonomyTest, ActionBothAllowedAndBlockedIsWarnedOf) {
  EXPECT_THAT(
      ContractProblems(R"({"autonomy": {"allowedActions": ["code_exec"],
                                        "blockedActions": ["code_exec"]}})"),
      ElementsAre(WarningAt("autonomy.allowedActions", "it is blocked")));
}

TEST(AutonomyTest, RepeatedWordAndEmptyListAreWarnedOf) {
  EXPECT_THAT(ContractProblems(
                  R"({"autonomy": {"blockedActions": ["ssh_exec", "ssh_exec"],
                                   "allowedActions": []}})"),
              ElementsAre(WarningAt("autonomy.blockedActions[1]", "already"),
                          WarningAt("autonomy.allowedActions", "is empty")));
}

TEST(ApprovalTest, UnknownWordsAreRefused) {
  EXPECT_THAT(ContractProblems(R"({"approvalGating": {"channel": "email",
          "timeout": -1, "defaultAction": "allow"}})"),
              ElementsAre(ErrorAt("approvalGating.channel",
                                  R"("telegram", "discord", "slack" or "web")"),
                          ErrorAt("approvalGating.timeout", "got -1"),
                          ErrorAt("approvalGating.defaultAction",
                                  R"(must be "reject" or "approve")")));
}

TEST(ApprovalTest, GatingWinsOverShorthandsWithAWarning) {
  constexpr char kText[] = R"({
    "autonomy": {"approvalChannel": "slack", "approvalTimeout": 1000},
    "approvalGating": {"channel": "telegram", "timeout": 2000}})";

  EXPECT_THAT(ContractProblems(kText),
              ElementsAre(WarningAt("autonomy.approvalChannel",
                                    "approvalGating.channel is \"telegram\""),
                          WarningAt("autonomy.approvalTimeout",
                                    "approvalGating.timeout is 2000")));
  const auto contract = ContractFromText(kText);
  ASSERT_NE(contract, nullptr);
  EXPECT_EQ(contract->defaults().approval.channel, "telegram");
  EXPECT_EQ(contract->defaults().approval.timeout, absl::Seconds(2));
}

TEST(ApprovalTest, ShorthandThatAgreesIsNotWarnedOf) {
  EXPECT_THAT(ContractProblems(
                  R"({"autonomy": {"approvalChannel": "telegram"},
                      "approvalGating": {"channel": "telegram"}})"),
              IsEmpty());
}

TEST(ApprovalTest, BareApproversBelongToTheChannel) {
  const auto contract = ContractFromText(
      R"({"approvalGating": {"channel": "slack",
          "approvers": ["T1/U1", "telegram:77", "web:alice"]}})");

  ASSERT_NE(contract, nullptr);
  EXPECT_THAT(contract->defaults().approval.approvers,
              Optional(ElementsAre("slack:T1/U1", "telegram:77", "web:alice")));
}

TEST(ApprovalTest, BadApproversAreRefused) {
  EXPECT_THAT(
      ContractProblems(
          R"({"approvalGating": {"approvers": ["", "mail:x", "a b", "web:"]}})"),
      ElementsAre(ErrorAt("approvalGating.approvers[0]", "stable id"),
                  ErrorAt("approvalGating.approvers[1]", "got \"mail:x\""),
                  ErrorAt("approvalGating.approvers[2]", "without blanks"),
                  ErrorAt("approvalGating.approvers[3]", "stable id")));
  EXPECT_THAT(ContractProblems(R"({"approvalGating": {"approvers": []}})"),
              ElementsAre(ErrorAt("approvalGating.approvers",
                                  "leave the key "
                                  "out")));
}

TEST(ApprovalTest, ApprovingByDefaultIsWarnedOf) {
  constexpr char kText[] =
      R"({"approvalGating": {"defaultAction": "approve"}})";

  EXPECT_THAT(ContractProblems(kText),
              ElementsAre(WarningAt("approvalGating.defaultAction",
                                    "what nobody answers will run")));
  EXPECT_TRUE(ContractFromText(kText)->defaults().approval.approve_on_timeout);
}

TEST(ApprovalTest, SupervisedWithoutApprovalsIsWarnedOf) {
  EXPECT_THAT(ContractProblems(R"({"approvalGating": {"enabled": false}})"),
              ElementsAre(WarningAt("approvalGating.enabled", "is refused")));
  EXPECT_THAT(ContractProblems(R"({"autonomy": {"level": "full"},
                                   "approvalGating": {"enabled": false}})"),
              IsEmpty());
}

TEST(AgentsTest, GivenKeysReplaceAndOthersStay) {
  const auto contract = ContractFromText(R"({
    "sandbox": {"timeout": 1000, "memoryLimit": "256m",
                "mounts": [{"source": "/srv/a", "target": "/a"}]},
    "autonomy": {"level": "full", "blockedActions": ["ssh_exec"]},
    "approvalGating": {"rules": [{"action": "file_read", "approval": "auto"}]},
    "agents": {
      "ci-bot": {"sandbox": {"timeout": 9000, "mounts": []},
                 "autonomy": {"blockedActions": []},
                 "approvalGating": {"rules": []}},
      "intern": {"autonomy": {"level": "readonly"}}}})");
  ASSERT_NE(contract, nullptr);

  const AgentContract& bot = contract->ForAgent("ci-bot");
  EXPECT_EQ(bot.sandbox.timeout, absl::Seconds(9));
  EXPECT_EQ(bot.sandbox.memory_bytes, std::uint64_t{256} << 20);
  EXPECT_THAT(bot.sandbox.mounts, IsEmpty());
  EXPECT_EQ(bot.autonomy.level, AutonomyLevel::kFull);
  EXPECT_THAT(bot.autonomy.blocked_actions, IsEmpty());
  EXPECT_EQ(bot.autonomy.blocked_actions_path,
            "agents.ci-bot.autonomy.blockedActions");
  EXPECT_EQ(bot.autonomy.level_path, "autonomy.level");
  EXPECT_THAT(bot.approval.rules, IsEmpty());

  const AgentContract& intern = contract->ForAgent("intern");
  EXPECT_EQ(intern.autonomy.level, AutonomyLevel::kReadonly);
  EXPECT_EQ(intern.autonomy.level_path, "agents.intern.autonomy.level");
  EXPECT_EQ(intern.autonomy.blocked_actions.size(), 1u);
  EXPECT_EQ(intern.approval.rules.size(), 1u);
  EXPECT_EQ(intern.approval.rules[0].key_path, "approvalGating.rules[0]");

  const AgentContract& other = contract->ForAgent("other");
  EXPECT_EQ(other.sandbox.timeout, absl::Seconds(1));
  EXPECT_EQ(other.sandbox.mounts.size(), 1u);
}

TEST(AgentsTest, ProblemIsToldOnceAndWhereItStands) {
  EXPECT_THAT(
      ContractProblems(R"({
        "sandbox": {"timeout": -1},
        "agents": {"a": {"sandbox": {"cpuLimit": "x"}}, "b": {},
                   "c.d": {"approvalGating": {"rules": [{}]}}}})"),
      ElementsAre(
          ErrorAt("sandbox.timeout", "got -1"),
          ErrorAt("agents.a.sandbox.cpuLimit", "got \"x\""),
          ErrorAt("agents[\"c.d\"].approvalGating.rules[0].action", "required"),
          ErrorAt("agents[\"c.d\"].approvalGating.rules[0].approval",
                  "required")));
}

TEST(AgentsTest, OverrideThatContradictsTheRestIsRefused) {
  EXPECT_THAT(ContractProblems(R"({
                "sandbox": {"memoryLimit": "1g", "diskLimit": "512m"},
                "agents": {"a": {"sandbox": {"memoryLimit": "256m"}}}})"),
              ElementsAre(ErrorAt("sandbox.diskLimit", "\"128m\"")));
}

TEST(AgentsTest, IdsThatNoPrincipalCanHaveAreRefused) {
  EXPECT_THAT(ContractProblems(R"({"agents": {"CI": {}}})"),
              ElementsAre(ErrorAt("agents.CI", "must be an agent's id")));
}

TEST(AgentsTest, RuleAboutAnotherAgentIsWarnedOf) {
  EXPECT_THAT(
      ContractProblems(R"({"agents": {"a": {"approvalGating": {"rules": [
          {"action": "file_read", "approval": "auto", "agent": "b"}]}}}})"),
      ElementsAre(WarningAt("agents.a.approvalGating.rules[0].agent",
                            "can never match")));
}

TEST(ContractTest, WrongKeysAndWrongValuesAreToldTogether) {
  EXPECT_THAT(ContractProblems(R"({
                "sandbox": {"timeuot": 5, "memoryLimit": "512x"},
                "approvalGating": {"rules": [{"action": 5}, {"x": "y"}]}})"),
              testing::UnorderedElementsAre(
                  ErrorAt("sandbox.timeuot", "did you mean"),
                  ErrorAt("sandbox.memoryLimit", "512x"),
                  ErrorAt("approvalGating.rules[0].action", "got the number 5"),
                  ErrorAt("approvalGating.rules[0].approval", "is required"),
                  ErrorAt("approvalGating.rules[1].x", "unknown"),
                  ErrorAt("approvalGating.rules[1].action", "is required"),
                  ErrorAt("approvalGating.rules[1].approval", "is required")));
}

TEST(ContractTest, WhatWasNotReadIsNotCalledMissing) {
  for (const char* text :
       {R"({"sandbox": {"backend": "ssh", "timeout": )",
        R"({"sandbox": {"backend": "ssh", "ssh": 5}})",
        R"({"sandbox": {"backend": "ssh", "ssh": {"host": "h",
            "username": "u", "privateKeyPath": 7}}})"}) {
    EXPECT_THAT(ContractProblems(text), testing::SizeIs(1)) << text;
  }
}

TEST(ContractTest, ErrorsFoundBeforeLeaveNoContractEither) {
  ConfigReading reading = ReadConfigText(R"({"sandbox": {"timeout": 0}})");

  EXPECT_EQ(ContractFromConfig(reading.config, reading.problems), nullptr);
  EXPECT_EQ(ContractFromConfig(reading.config, reading.problems), nullptr);
  EXPECT_EQ(reading.problems.problems().size(), 1u);
}

TEST(ContractTest, ErrorsLeaveNoContract) {
  ConfigReading reading = ReadConfigText(R"({"sandbox": {"timeout": 0}})");

  EXPECT_EQ(ContractFromConfig(reading.config, reading.problems), nullptr);
  EXPECT_TRUE(reading.problems.has_errors());
}

}  // namespace
}  // namespace airlock
