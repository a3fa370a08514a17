#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/config/approval_settings.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::ElementsAre;

std::string Standing(absl::string_view keys) {
  return absl::StrCat(R"({"approvalGating":{"standing":{)", keys, "}}}");
}

TEST(StandingSettingsTest, AbsentTheyAreOnAndBounded) {
  const StandingSettings settings =
      ContractFromText("{}")->defaults().approval.standing;

  EXPECT_TRUE(settings.enabled);
  EXPECT_EQ(settings.max_lifetime, absl::Hours(8));
  EXPECT_EQ(settings.max_uses, 100U);
}

TEST(StandingSettingsTest, AreReadAsTheyStand) {
  const StandingSettings settings =
      ContractFromText(
          Standing(R"("enabled":false,"maxLifetime":60000,"maxUses":5)"))
          ->defaults()
          .approval.standing;

  EXPECT_FALSE(settings.enabled);
  EXPECT_EQ(settings.max_lifetime, absl::Minutes(1));
  EXPECT_EQ(settings.max_uses, 5U);
}

TEST(StandingSettingsTest, AgentMayHaveItsOwn) {
  const auto contract = ContractFromText(R"({
      "approvalGating":{"standing":{"maxUses":5}},
      "agents":{"ci":{"approvalGating":{"standing":{"enabled":false}}}}})");

  EXPECT_TRUE(contract->ForAgent("ada").approval.standing.enabled);
  EXPECT_EQ(contract->ForAgent("ada").approval.standing.max_uses, 5U);
  EXPECT_FALSE(contract->ForAgent("ci").approval.standing.enabled);
}

TEST(StandingSettingsTest, WhatIsOutOfBoundsIsNamed) {
  EXPECT_THAT(
      ContractProblems(Standing(R"("maxLifetime":0,"maxUses":100001)")),
      ElementsAre(ErrorAt("approvalGating.standing.maxLifetime", "2592000000"),
                  ErrorAt("approvalGating.standing.maxUses", "100000")));
}

}  // namespace
}  // namespace airlock
