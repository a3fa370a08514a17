#include "common/config/person.h"

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
using testing::SizeIs;

std::string Gating(absl::string_view keys) {
  return absl::StrCat("{\"approvalGating\": {", keys, "}}");
}

ApprovalSettings SettingsOf(absl::string_view keys) {
  const auto contract = ContractFromText(Gating(keys));
  return contract == nullptr ? ApprovalSettings{}
                             : contract->defaults().approval;
}

TEST(PersonTest, IdsOfAPersonMayLeaveOutTheChannel) {
  const ApprovalSettings settings = SettingsOf(R"(
      "channel": "telegram",
      "people": [{"name": "Ann", "ids": ["1", "web:ann", "agent:ann-bot"]},
                 {"name": "Bob", "ids": ["slack:T1/U2"]}])");

  ASSERT_THAT(settings.people, SizeIs(2));
  EXPECT_EQ(settings.people[0].name, "Ann");
  EXPECT_THAT(settings.people[0].ids,
              ElementsAre("telegram:1", "web:ann", "agent:ann-bot"));
  EXPECT_EQ(FindPerson(settings.people, "slack:T1/U2")->name, "Bob");
  EXPECT_EQ(FindPerson(settings.people, "slack:T1/U3"), nullptr);
}

TEST(PersonTest, NameAndIdsAreRequired) {
  EXPECT_THAT(
      ContractProblems(Gating(R"("people": [{"ids": ["a"]}, {"name": "Bob"},
                                            {"name": "Cid", "ids": []}])")),
      ElementsAre(ErrorAt("approvalGating.people[0].name", "is required"),
                  ErrorAt("approvalGating.people[1].ids", "is required"),
                  ErrorAt("approvalGating.people[2].ids", "from 1 to 20")));
}

TEST(PersonTest, NameOfTwoIsRefused) {
  EXPECT_THAT(
      ContractProblems(Gating(R"("people": [{"name": "Ann", "ids": ["a"]},
                                            {"name": "Ann", "ids": ["b"]}])")),
      ElementsAre(
          ErrorAt("approvalGating.people[1].name",
                  "another one than that of approvalGating.people[0].name")));
}

TEST(PersonTest, IdOfTwoIsRefused) {
  EXPECT_THAT(ContractProblems(Gating(
                  R"("people": [{"name": "Ann", "ids": ["a"]},
                                {"name": "Bob", "ids": ["b", "web:a"]}])")),
              ElementsAre(ErrorAt("approvalGating.people[1].ids[1]",
                                  "approvalGating.people[0].ids[0] already")));
}

TEST(PersonTest, BadIdsAreRefused) {
  EXPECT_THAT(
      ContractProblems(Gating(
          R"("people": [{"name": "Ann",
                         "ids": ["mail:x", "a b", "web:", "agent:A B"]}])")),
      ElementsAre(
          ErrorAt("approvalGating.people[0].ids[0]", "\"mail:x\""),
          ErrorAt("approvalGating.people[0].ids[1]", "without blanks"),
          ErrorAt("approvalGating.people[0].ids[2]", "stable id"),
          ErrorAt("approvalGating.people[0].ids[3]", "without blanks")));
  EXPECT_THAT(
      ContractProblems(
          Gating(R"("people": [{"name": "A", "ids": ["agent:_x"]}])")),
      ElementsAre(ErrorAt("approvalGating.people[0].ids[0]", "an agent's id")));
}

TEST(PersonTest, AgentIsNoApprover) {
  EXPECT_THAT(
      ContractProblems(Gating(R"("approvers": ["agent:bot"])")),
      ElementsAre(ErrorAt("approvalGating.approvers[0]", "got \"agent:bot\"")));
}

TEST(RequiredTest, DefaultsAreOnePersonAndModestBounds) {
  const ApprovalSettings settings = SettingsOf("");

  EXPECT_EQ(settings.required, 1);
  EXPECT_THAT(settings.people, IsEmpty());
  EXPECT_EQ(settings.max_pending, 100);
  EXPECT_EQ(settings.rejection_memory, absl::Minutes(10));
}

TEST(RequiredTest, ValuesAreRead) {
  const ApprovalSettings settings =
      SettingsOf(R"("required": 2, "maxPending": 7, "rejectionMemory": 0)");

  EXPECT_EQ(settings.required, 2);
  EXPECT_EQ(settings.max_pending, 7);
  EXPECT_EQ(settings.rejection_memory, absl::ZeroDuration());
}

TEST(RequiredTest, ValuesOutOfRangeAreRefused) {
  for (const char* low : {R"("required": 0, "maxPending": 0,
                             "rejectionMemory": -1)",
                          R"("required": 11, "maxPending": 100001,
                             "rejectionMemory": 2592000001)"}) {
    EXPECT_THAT(
        ContractProblems(Gating(low)),
        ElementsAre(ErrorAt("approvalGating.required", "[1, 10]"),
                    ErrorAt("approvalGating.maxPending", "[1, 100000]"),
                    ErrorAt("approvalGating.rejectionMemory", "2592000000]")));
  }
}

TEST(RequiredTest, MorePersonsThanApproversIsRefused) {
  EXPECT_THAT(
      ContractProblems(Gating(R"("required": 3, "approvers": ["a", "b"])")),
      ElementsAre(ErrorAt("approvalGating.required",
                          "at most 2, the number of persons among "
                          "approvalGating.approvers: got 3")));
  EXPECT_THAT(ContractProblems(
                  Gating(R"("required": 2, "approvers": ["a", "telegram:1"],
          "people": [{"name": "Ann", "ids": ["a", "telegram:1"]}])")),
              ElementsAre(ErrorAt("approvalGating.required", "at most 1")));
  EXPECT_THAT(ContractProblems(Gating(
                  R"("required": 2, "approvers": ["a", "telegram:1", "b"],
          "people": [{"name": "Ann", "ids": ["a", "telegram:1"]}])")),
              IsEmpty());
}

TEST(RequiredTest, WithoutApproversNobodyKnowsHowManyThereAre) {
  EXPECT_THAT(ContractProblems(Gating(R"("required": 10)")), IsEmpty());
}

TEST(RequiredTest, RuleMayAskForMorePersons) {
  const ApprovalSettings settings = SettingsOf(R"("rules": [
      {"action": "file_write", "approval": "required", "required": 2},
      {"action": "code_exec", "approval": "required"}])");

  ASSERT_THAT(settings.rules, SizeIs(2));
  EXPECT_EQ(settings.rules[0].required, 2);
  EXPECT_EQ(settings.rules[1].required, std::nullopt);
}

TEST(RequiredTest, RuleThatAsksNobodyCannotAskForPersons) {
  EXPECT_THAT(
      ContractProblems(Gating(R"("rules": [
          {"action": "file_write", "approval": "auto", "required": 2},
          {"action": "code_exec", "approval": "deny", "required": 1},
          {"action": "http_get", "approval": "required", "required": 11}])")),
      ElementsAre(
          ErrorAt("approvalGating.rules[0].required", "got it with \"auto\""),
          ErrorAt("approvalGating.rules[1].required", "got it with \"deny\""),
          ErrorAt("approvalGating.rules[2].required", "[1, 10]")));
}

TEST(RequiredTest, RuleCannotAskForMorePersonsThanApprovers) {
  constexpr char kRule[] = R"("approvers": ["a", "b"], "rules": [
      {"action": "code_exec", "approval": "required", "required": 3}])";

  EXPECT_THAT(
      ContractProblems(Gating(kRule)),
      ElementsAre(ErrorAt("approvalGating.rules[0].required", "at most 2")));
}

TEST(RequiredTest, AgentsOwnKeysReplaceThoseOfAll) {
  const auto contract = ContractFromText(R"({
      "approvalGating": {"required": 2, "maxPending": 50,
                         "people": [{"name": "Ann", "ids": ["a"]}]},
      "agents": {"bot": {"approvalGating": {
          "maxPending": 5, "people": [{"name": "Bob", "ids": ["b"]}]}}}})");

  ASSERT_NE(contract, nullptr);
  const ApprovalSettings& own = contract->ForAgent("bot").approval;
  EXPECT_EQ(own.required, 2);
  EXPECT_EQ(own.max_pending, 5);
  ASSERT_THAT(own.people, SizeIs(1));
  EXPECT_EQ(own.people[0].name, "Bob");
}

TEST(RequiredTest, AgentsOwnApproversMustBeEnoughForTheRulesOfAll) {
  EXPECT_THAT(ContractProblems(R"({
          "approvalGating": {"rules": [{"action": "code_exec",
              "approval": "required", "required": 2}]},
          "agents": {"bot": {"approvalGating": {"approvers": ["a"]}}}})"),
              Contains(ErrorAt("approvalGating.rules[0].required",
                               "agents.bot.approvalGating.approvers: got 2")));
}

}  // namespace
}  // namespace airlock
