#include "services/policy/standing/standing_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/standing/standing_cases.h"

namespace airlock::policy {
namespace {

using testing::HasSubstr;

constexpr char kSupervised[] = R"({"autonomy":{"level":"supervised"}})";

AgentContract ContractOf(const std::string& text) {
  return ContractFromText(text)->defaults();
}

DecisionResult DecisionIn(const AgentContract& contract) {
  return Decide(contract, FactsFromAction(Argv({"ls"}), "ada"));
}

std::string WhyNotPermissible(const std::string& config,
                              std::uint32_t required = 1) {
  const AgentContract contract = ContractOf(config);
  airlock::v1::Approval question;
  question.set_id("ap-1");
  question.set_required_approvals(required);
  const absl::Status status =
      CheckPermissible(question, contract, DecisionIn(contract));
  return status.ok() ? "" : ErrorReason(status);
}

bool Replaceable(const std::string& config) {
  const AgentContract contract = ContractOf(config);
  return MayBeReplaced(contract, DecisionIn(contract));
}

bool Holds(const std::string& config,
           absl::Time now = Noon() + absl::Minutes(1)) {
  airlock::v1::StandingApproval permission =
      Permission("st-1", CommandScope({"ls"}));
  permission.set_uses(5);
  return HoldsUnder(permission, ContractOf(config), now);
}

TEST(StandingRulesTest, OnePersonsQuestionMayBePermitted) {
  EXPECT_EQ(WhyNotPermissible(kSupervised), "");
  EXPECT_TRUE(Replaceable(kSupervised));
}

TEST(StandingRulesTest, NeverPastADenialOrABlockedAction) {
  for (
      const char* config :
      {R"({"autonomy":{"level":"supervised","blockedActions":["system_command"]}})",
       R"({"autonomy":{"level":"supervised","allowedActions":["file_read"]}})",
       R"({"autonomy":{"level":"supervised"},"approvalGating":{"rules":[
            {"action":"system_command","approval":"deny"}]}})",
       R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"enabled":false}})",
       R"({"autonomy":{"level":"supervised"},"sandbox":{"enabled":false}})",
       R"({"autonomy":{"level":"readonly"}})"}) {
    EXPECT_EQ(WhyNotPermissible(config), "STANDING_DISABLED") << config;
    EXPECT_FALSE(Replaceable(config)) << config;
  }
}

TEST(StandingRulesTest, ReadonlyIsNeverPermittedAlthoughItAsks) {
  const AgentContract contract = ContractOf(R"({
      "autonomy":{"level":"readonly"},"approvalGating":{"rules":[
        {"action":"file_read","approval":"required"}]}})");
  const DecisionResult decision =
      Decide(contract, FactsFromAction(Read("a"), "ada"));
  ASSERT_EQ(decision.effect, Effect::kRequireApproval);

  EXPECT_FALSE(MayBeReplaced(contract, decision));
  EXPECT_FALSE(
      HoldsUnder(Permission("st-1", CommandScope({"ls"})), contract, Noon()));
  EXPECT_EQ(ErrorReason(CheckPermissible({}, contract, decision)),
            "STANDING_DISABLED");
}

TEST(StandingRulesTest, MorePersonsThanOneAreAskedEachTime) {
  const char* const two = R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"required":2}})";
  EXPECT_EQ(WhyNotPermissible(two), "QUORUM_REQUIRED");
  EXPECT_FALSE(Replaceable(two));
  EXPECT_EQ(WhyNotPermissible(kSupervised, 2), "QUORUM_REQUIRED")
      << "it was asked of two";
}

TEST(StandingRulesTest, ConfigurationMaySwitchThemOff) {
  const char* const off = R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"standing":{"enabled":false}}})";
  EXPECT_EQ(WhyNotPermissible(off), "STANDING_DISABLED");
  EXPECT_FALSE(Replaceable(off));
  EXPECT_FALSE(Holds(off));
}

TEST(StandingRulesTest, WhoGaveItMustStillBeAnApprover) {
  EXPECT_TRUE(Holds(kSupervised));
  EXPECT_TRUE(Holds(R"({"approvalGating":{"approvers":["web:bob"]}})"));
  EXPECT_FALSE(Holds(R"({"approvalGating":{"approvers":["web:eva"]}})"));
}

TEST(StandingRulesTest, AgentsOwnPersonPermitsNothing) {
  EXPECT_FALSE(Holds(R"({"approvalGating":{"people":[
      {"name":"Bob","ids":["web:bob","agent:ada"]}]}})"));
}

TEST(StandingRulesTest, NarrowerBoundsHoldForThoseGivenBefore) {
  EXPECT_FALSE(Holds(R"({"approvalGating":{"standing":{"maxUses":5}}})"));
  EXPECT_TRUE(Holds(R"({"approvalGating":{"standing":{"maxUses":6}}})"));
  const char* const minute =
      R"({"approvalGating":{"standing":{"maxLifetime":60000}}})";
  EXPECT_TRUE(Holds(minute, Noon() + absl::Seconds(59)));
  EXPECT_FALSE(Holds(minute, Noon() + absl::Seconds(60)));
}

TEST(StandingRulesTest, DecisionNamesThePermissionAndWhoGaveIt) {
  airlock::v1::StandingApproval permission =
      Permission("st-1", CommandScope({"ls"}));
  permission.set_person("Bob");
  permission.set_summary("agent ada: ls");

  const DecisionResult decision = DecisionBy(permission);

  EXPECT_EQ(decision.effect, Effect::kAllow);
  EXPECT_EQ(decision.rule, "standing:st-1");
  EXPECT_EQ(decision.reason, "STANDING_APPROVAL");
  EXPECT_THAT(decision.explanation, HasSubstr("Bob permitted it until"));
  EXPECT_THAT(decision.explanation, HasSubstr("agent ada: ls"));
}

absl::Status CheckBounds(absl::Duration lifetime, std::uint32_t uses,
                         const std::string& comment = "") {
  airlock::v1::CreateStandingApprovalRequest request;
  *request.mutable_lifetime() = ToProto(lifetime);
  request.set_max_uses(uses);
  request.set_comment(comment);
  FieldViolations violations;
  CheckGivenBounds(request, StandingSettings(), violations);
  return violations.ToStatus();
}

TEST(StandingRulesTest, LifetimeAndUsesAreBounded) {
  EXPECT_THAT(CheckBounds(absl::Minutes(1), 1), IsOk());
  EXPECT_THAT(CheckBounds(absl::Hours(8), 100), IsOk());
  for (const absl::Duration lifetime :
       {absl::ZeroDuration(), -absl::Seconds(1),
        absl::Hours(8) + absl::Milliseconds(1)}) {
    EXPECT_THAT(
        CheckBounds(lifetime, 1),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lifetime")));
  }
  for (const std::uint32_t uses : {0U, 101U}) {
    EXPECT_THAT(
        CheckBounds(absl::Minutes(1), uses),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_uses")));
  }
  EXPECT_THAT(
      CheckBounds(absl::Minutes(1), 1, std::string(2001, 'x')),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("comment")));
}

}  // namespace
}  // namespace airlock::policy
