#include "services/policy/report/approval_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/report/recorded_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalReportRow;
using airlock::v1::GetApprovalReportResponse;
using ::testing::SizeIs;

constexpr char kSupervised[] = R"({
    "autonomy": {"level": "supervised", "blockedActions": ["file_delete"]},
    "approvalGating": {"rules": [
      {"action": "system_command", "approval": "auto", "command": "ls"},
      {"action": "system_command", "approval": "deny", "command": "sudo"}]}})";

airlock::v1::Action List() {
  airlock::v1::Action action;
  action.mutable_system_command()->mutable_argv()->add_args("ls");
  return action;
}

airlock::v1::Action Delete() {
  airlock::v1::Action action;
  action.mutable_file_delete()->set_path("a");
  return action;
}

class ApprovalReportTest : public testing::Test {
 protected:
  // Newer ones are added first.
  ExecutionHistory Next(const airlock::v1::Action& action) {
    time_ -= absl::Seconds(1);
    return Recorded("ada", action, kSupervised, time_);
  }
  void AddAsked(const airlock::v1::Action& action, Approval::State state) {
    report_.Add(Asked(Next(action), state, absl::Seconds(1)));
  }
  GetApprovalReportResponse Take() { return std::move(report_).Take(true); }

  absl::Time time_ = kNoon;
  ApprovalReport report_{ContractFromText(kSupervised)};
};

TEST_F(ApprovalReportTest, QuestionsAreCountedByTheirAnswer) {
  AddAsked(Shell("make a"), Approval::STATE_APPROVED);
  AddAsked(Shell("make b"), Approval::STATE_APPROVED);
  AddAsked(Shell("make c"), Approval::STATE_REJECTED);
  AddAsked(Shell("make d"), Approval::STATE_EXPIRED);
  AddAsked(Shell("make e"), Approval::STATE_PENDING);

  const GetApprovalReportResponse response = Take();

  ASSERT_THAT(response.rows(), SizeIs(1));
  const ApprovalReportRow& row = response.rows(0);
  EXPECT_EQ(row.agent(), "ada");
  EXPECT_EQ(row.action_kind(), airlock::v1::ACTION_KIND_SYSTEM_COMMAND);
  EXPECT_EQ(row.rule(), "autonomy.level");
  EXPECT_EQ(row.requests(), 5U);
  EXPECT_EQ(row.asked(), 5U);
  EXPECT_EQ(row.approved(), 2U);
  EXPECT_EQ(row.rejected(), 1U);
  EXPECT_EQ(row.expired(), 1U);
  EXPECT_EQ(row.repeated(), 0U);
  EXPECT_EQ(row.allowed() + row.denied() + row.standing(), 0U);
  EXPECT_TRUE(response.complete());
}

TEST_F(ApprovalReportTest, RowsAreOfOneSettingAndThoseAskedMostComeFirst) {
  report_.Add(Next(List()));
  report_.Add(Next(List()));
  report_.Add(Next(Shell("sudo make")));
  AddAsked(Shell("make"), Approval::STATE_APPROVED);

  const GetApprovalReportResponse response = Take();

  ASSERT_THAT(response.rows(), SizeIs(3));
  EXPECT_EQ(response.rows(0).rule(), "autonomy.level");
  EXPECT_EQ(response.rows(1).rule(), "approvalGating.rules[0]");
  EXPECT_EQ(response.rows(1).allowed(), 2U);
  EXPECT_EQ(response.rows(2).rule(), "approvalGating.rules[1]");
  EXPECT_EQ(response.rows(2).denied(), 1U);
}

TEST_F(ApprovalReportTest, TheVerySameIsARepeatOfTheOneBefore) {
  AddAsked(Shell("make"), Approval::STATE_APPROVED);
  AddAsked(Shell("make test"), Approval::STATE_APPROVED);
  AddAsked(Shell("make"), Approval::STATE_APPROVED);
  AddAsked(Shell("make"), Approval::STATE_APPROVED);

  EXPECT_EQ(Take().rows(0).repeated(), 2U);
}

TEST_F(ApprovalReportTest, RepeatIsCountedWhereItWasAskedAgain) {
  // By a rule that came later than the first question.
  ExecutionHistory newer = Next(Shell("make"));
  newer.execution.mutable_decision()->set_rule("approvalGating.rules[7]");
  report_.Add(Asked(newer, Approval::STATE_APPROVED, absl::Seconds(1)));
  AddAsked(Shell("make"), Approval::STATE_APPROVED);

  const GetApprovalReportResponse response = Take();

  ASSERT_THAT(response.rows(), SizeIs(2));
  for (const ApprovalReportRow& row : response.rows()) {
    EXPECT_EQ(row.repeated(), row.rule() == "autonomy.level" ? 0U : 1U);
  }
}

TEST_F(ApprovalReportTest, AnotherAgentsQuestionIsNoRepeat) {
  AddAsked(Shell("make"), Approval::STATE_APPROVED);
  report_.Add(Asked(Recorded("bob", Shell("make"), kSupervised, kNoon),
                    Approval::STATE_APPROVED, absl::Seconds(1)));

  const GetApprovalReportResponse response = Take();

  EXPECT_EQ(response.rows(0).repeated() + response.rows(1).repeated(), 0U);
}

TEST_F(ApprovalReportTest, FullWouldRunWhatNoRuleOrListRefuses) {
  AddAsked(Shell("make"), Approval::STATE_REJECTED);
  report_.Add(Next(Shell("sudo make")));
  report_.Add(Next(Delete()));
  ExecutionHistory forged = Next(Shell("make"));
  forged.spec = Next(Shell("make other")).spec;
  report_.Add(forged);

  const GetApprovalReportResponse response = Take();
  std::uint32_t would_run = 0;
  for (const ApprovalReportRow& row : response.rows()) {
    would_run += row.full_would_run();
  }
  EXPECT_EQ(would_run, 1U) << "only the one that a human was asked about";
}

TEST_F(ApprovalReportTest, StandingApprovalsAreNoQuestions) {
  ExecutionHistory standing = Next(Shell("make"));
  standing.execution.set_standing_approval_id("s1");
  report_.Add(standing);

  const GetApprovalReportResponse response = Take();

  EXPECT_EQ(response.rows(0).standing(), 1U);
  EXPECT_EQ(response.rows(0).asked(), 0U);
}

TEST_F(ApprovalReportTest, TooManyRowsAreSaidToBe) {
  for (std::size_t i = 0; i <= ApprovalReport::kMaxRows; ++i) {
    report_.Add(
        Recorded(absl::StrCat("agent-", i), List(), kSupervised, kNoon));
  }

  const GetApprovalReportResponse response = Take();

  EXPECT_THAT(response.rows(), SizeIs(ApprovalReport::kMaxRows));
  EXPECT_FALSE(response.complete());
}

}  // namespace
}  // namespace airlock::policy
