#include "services/policy/report/policy_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/report/recorded_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Decision;
using airlock::v1::ReplayResult;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kSupervised[] = R"({"autonomy": {"level": "supervised"}})";
constexpr char kFull[] = R"({"autonomy": {"level": "full"}})";
constexpr char kStrict[] = R"({
    "autonomy": {"level": "supervised"},
    "approvalGating": {"rules": [
      {"action": "system_command", "approval": "deny", "command": "rm"}]}})";

ExecutionHistory Supervised(const std::string& line) {
  return Recorded("ada", Shell(line), kSupervised, kNoon);
}

PolicyReplay Replay(const std::string& config) {
  return PolicyReplay(*ContractToTry(config));
}

TEST(PolicyReplayTest, LooserConfigurationLetsGoWhatWasAsked) {
  PolicyReplay replay = Replay(kFull);
  replay.Add(Supervised("make"));
  replay.Add(Supervised("rm -rf build"));

  const ReplayResult result = std::move(replay).Take(true);

  EXPECT_EQ(result.requests(), 2U);
  EXPECT_EQ(result.changed(), 2U);
  ASSERT_THAT(result.changes(), SizeIs(1));
  EXPECT_EQ(result.changes(0).before().effect(),
            Decision::EFFECT_REQUIRE_APPROVAL);
  EXPECT_EQ(result.changes(0).after().effect(), Decision::EFFECT_ALLOW);
  EXPECT_EQ(result.changes(0).after().rule(), "autonomy.level");
  EXPECT_EQ(result.changes(0).requests(), 2U);
  EXPECT_THAT(result.changes(0).examples(), SizeIs(2));
  EXPECT_TRUE(result.complete());
}

TEST(PolicyReplayTest, StricterConfigurationDeniesByItsRule) {
  PolicyReplay replay = Replay(kStrict);
  replay.Add(Supervised("make"));
  replay.Add(Supervised("rm -rf build"));

  const ReplayResult result = std::move(replay).Take(false);

  EXPECT_EQ(result.requests(), 2U);
  EXPECT_EQ(result.changed(), 1U);
  ASSERT_THAT(result.changes(), SizeIs(1));
  EXPECT_EQ(result.changes(0).after().effect(), Decision::EFFECT_DENY);
  EXPECT_EQ(result.changes(0).after().rule(), "approvalGating.rules[0]");
  EXPECT_FALSE(result.complete());
}

TEST(PolicyReplayTest, SameEffectByAnotherSettingIsNoChange) {
  PolicyReplay replay = Replay(R"({
      "autonomy": {"level": "full"},
      "approvalGating": {"rules": [
        {"action": "system_command", "approval": "required"}]}})");
  replay.Add(Supervised("make"));

  EXPECT_EQ(std::move(replay).Take(true).changed(), 0U);
}

TEST(PolicyReplayTest, AgentsHaveTheirOwnSettings) {
  PolicyReplay replay = Replay(R"({
      "autonomy": {"level": "supervised"},
      "agents": {"bob": {"autonomy": {"level": "full"}}}})");
  replay.Add(Supervised("make"));
  replay.Add(Recorded("bob", Shell("make"), kSupervised, kNoon));

  const ReplayResult result = std::move(replay).Take(true);

  EXPECT_EQ(result.changed(), 1U);
  EXPECT_EQ(result.changes(0).examples(0).agent(), "bob");
}

TEST(PolicyReplayTest, LargestGroupsComeFirstWithAFewExamples) {
  PolicyReplay replay = Replay(R"({
      "autonomy": {"level": "full"},
      "approvalGating": {"rules": [
        {"action": "system_command", "approval": "deny", "command": "rm"}]}})");
  replay.Add(Supervised("rm a"));
  for (int i = 0; i < 7; ++i) replay.Add(Supervised("make"));

  const ReplayResult result = std::move(replay).Take(true);

  ASSERT_THAT(result.changes(), SizeIs(2));
  EXPECT_EQ(result.changes(0).requests(), 7U);
  EXPECT_THAT(result.changes(0).examples(), SizeIs(5));
  EXPECT_EQ(result.changes(1).requests(), 1U);
}

TEST(PolicyReplayTest, BytesThatAreNotThereOrNotThoseAreNotDecided) {
  PolicyReplay replay = Replay(kFull);
  ExecutionHistory gone = Supervised("make");
  gone.spec.clear();
  ExecutionHistory forged = Supervised("make");
  forged.spec = Supervised("make other").spec;
  replay.Add(gone);
  replay.Add(forged);

  const ReplayResult result = std::move(replay).Take(true);

  EXPECT_EQ(result.unreadable(), 2U);
  EXPECT_EQ(result.requests(), 0U);
  EXPECT_EQ(result.changed(), 0U);
}

TEST(ContractToTryTest, ErrorsNameTheirKeys) {
  const absl::Status refused = ContractToTry(R"({"autonomy": {"level": "fully"},
                        "approvalGating": {"rule": []}})")
                                   .status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("autonomy.level "),
                                      HasSubstr("approvalGating.rule "))));
  EXPECT_EQ(ErrorReason(refused), "INVALID_FIELD");
  EXPECT_THAT(
      ContractToTry("{").status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("config")));
}

TEST(ContractToTryTest, OtherSectionsAreNotLookedAt) {
  EXPECT_THAT(ContractToTry(R"({"gateway": {"listen": "nowhere"}})"), IsOk());
}

TEST(ContractToTryTest, ManyErrorsStayAShortAnswer) {
  std::string rules;
  for (int i = 0; i < 150; ++i) {
    absl::StrAppend(&rules, i == 0 ? "" : ",", R"({"action": "no_such_thing)",
                    i, R"(", "approval": "auto"})");
  }

  const absl::Status refused =
      ContractToTry(
          absl::StrCat(R"({"approvalGating": {"rules": [)", rules, "]}}"))
          .status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("142 more errors")));
  EXPECT_LT(refused.message().size(), 2500U);
}

}  // namespace
}  // namespace airlock::policy
