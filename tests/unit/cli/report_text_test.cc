#include "services/cli/render/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::cli {
namespace {

using airlock::v1::Decision;
using airlock::v1::GetApprovalReportResponse;
using airlock::v1::ReplayResult;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReportTextTest, RowsShowTheirCountsAndNothingForNone) {
  GetApprovalReportResponse report;
  report.set_complete(true);
  auto& row = *report.add_rows();
  row.set_agent("ada");
  row.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  row.set_rule("autonomy.level");
  row.set_requests(63);
  row.set_asked(60);
  row.set_approved(58);
  row.set_repeated(45);

  EXPECT_EQ(
      ApprovalReportText(report),
      "AGENT  ACTION     DECIDED BY      REQUESTS  ALLOWED  DENIED  ASKED  "
      "APPROVED  REJECTED  EXPIRED  REPEATED  STANDING  FULL WOULD RUN\n"
      "ada    code_exec  autonomy.level  63        -        -       60     "
      "58        -         -        45        -         -\n");
}

TEST(ReportTextTest, WhatIsNotAboutAllSaysSo) {
  EXPECT_THAT(ApprovalReportText({}), HasSubstr("not all"));
  EXPECT_THAT(ReplayText({}), HasSubstr("not all"));
}

TEST(ReportTextTest, ReplayShowsWhatWasAndWhatWouldBe) {
  ReplayResult result;
  result.set_complete(true);
  result.set_requests(7);
  result.set_changed(3);
  result.set_unreadable(2);
  auto& change = *result.add_changes();
  change.set_requests(3);
  change.mutable_before()->set_effect(Decision::EFFECT_REQUIRE_APPROVAL);
  change.mutable_before()->set_rule("autonomy.level");
  change.mutable_after()->set_effect(Decision::EFFECT_DENY);
  change.mutable_after()->set_rule("approvalGating.rules[0]");
  auto& example = *change.add_examples();
  example.set_id("e1");
  example.set_agent("ada\u202E");
  example.set_action_kind(airlock::v1::ACTION_KIND_SYSTEM_COMMAND);

  EXPECT_EQ(ReplayText(result),
            "3 of 7 requests would be decided otherwise\n"
            "2 more could not be decided again: what was asked for is not "
            "kept\n"
            "\n"
            "REQUESTS  WAS                                 WOULD BE            "
            "             EXAMPLE  AGENT        ACTION\n"
            "3         require approval by autonomy.level  deny by "
            "approvalGating.rules[0]  e1       ada\\u{202E}  "
            "system_command\n");
}

TEST(ReportTextTest, NothingThatDiffersIsOneLine) {
  ReplayResult result;
  result.set_complete(true);
  result.set_requests(7);

  EXPECT_EQ(ReplayText(result), "0 of 7 requests would be decided otherwise\n");
  EXPECT_THAT(ReplayText(result), Not(HasSubstr("WAS")));
}

}  // namespace
}  // namespace airlock::cli
