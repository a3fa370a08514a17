#include "services/cli/render/approval_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/time/proto_time.h"
#include "services/cli/render/executor_text.h"
#include "services/cli/render/freeze_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::ActionView;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::ViewField;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

void AddField(ActionView& view, const std::string& name,
              const std::string& text, bool block = false) {
  ViewField* field = view.add_fields();
  field->set_name(name);
  field->set_text(text);
  field->set_block(block);
}

ActionView CompleteView() {
  ActionView view;
  view.set_complete(true);
  AddField(view, "code", "if x:\n  print(1)\n", /*block=*/true);
  AddField(view, "network", "none");
  return view;
}

Approval Pending() {
  Approval approval;
  approval.set_id("ap1");
  approval.set_agent("demo");
  approval.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  approval.set_state(Approval::STATE_PENDING);
  *approval.mutable_create_time() = ToProto(kNow - absl::Seconds(3));
  *approval.mutable_deadline() = ToProto(kNow + absl::Seconds(297));
  approval.set_required_approvals(1);
  approval.set_summary("python: print(1)");
  *approval.mutable_view() = CompleteView();
  return approval;
}

void Answer(Approval& approval, ApprovalAnswer::Answer answer,
            const std::string& who, const std::string& person = "",
            const std::string& comment = "") {
  ApprovalAnswer* added = approval.add_answers();
  added->set_answer(answer);
  added->set_approver(who);
  added->set_person(person);
  added->set_comment(comment);
}

TEST(ApprovalTextTest, ViewIsWholeWithBlocksIndented) {
  EXPECT_EQ(ViewText(CompleteView()),
            "code:\n    if x:\n      print(1)\nnetwork: none\n");
}

TEST(ApprovalTextTest, CutAndIncompleteViewsAreSaidLoudly) {
  ActionView cut = CompleteView();
  cut.mutable_fields(0)->set_cut_bytes(1234);
  EXPECT_FALSE(IsComplete(cut));
  EXPECT_THAT(ViewText(cut), HasSubstr("!!! CUT: 1234 more bytes"));
  EXPECT_THAT(ViewText(cut), HasSubstr("NOT COMPLETE"));

  ActionView partial = CompleteView();
  partial.set_complete(false);
  EXPECT_FALSE(IsComplete(partial));
  EXPECT_THAT(ViewText(partial), HasSubstr("NOT COMPLETE"));

  ActionView empty;
  empty.set_complete(true);
  EXPECT_FALSE(IsComplete(empty));
  EXPECT_THAT(ViewText(empty), HasSubstr("NOT COMPLETE"));

  EXPECT_TRUE(IsComplete(CompleteView()));
  EXPECT_THAT(ViewText(CompleteView()), Not(HasSubstr("!!!")));
}

// A text cannot pretend to be another field, nor to be complete.
TEST(ApprovalTextTest, TextStaysInItsPlace) {
  ActionView view;
  view.set_complete(true);
  AddField(view, "argv", "ls\nnetwork: none");
  AddField(view, "na\nme", "x\rnetwork: none\x1b[2J\u202E\u2028y");

  EXPECT_EQ(ViewText(view),
            "argv:\n    ls\n    network: none\n"
            "na\\u{000A}me: x\\u{000D}network: none\\u{001B}[2J\\u{202E}"
            "\\u{2028}y\n");
}

TEST(ApprovalTextTest, WhatWasEscapedAlreadyIsNotEscapedAgain) {
  ActionView view;
  view.set_complete(true);
  AddField(view, "argv", "a\\u{202E}b");

  EXPECT_EQ(ViewText(view), "argv: a\\u{202E}b\n");
}

TEST(ApprovalTextTest, LineTellsAllButTheAction) {
  EXPECT_EQ(ApprovalLine(Pending(), kNow),
            "ap1  demo  code_exec  pending  asked 3s ago, 4m57s left  python: "
            "print(1)");
}

TEST(ApprovalTextTest, DeadlineThatIsOverLeavesNothing) {
  EXPECT_EQ(TimeLeftText(Pending(), kNow + absl::Minutes(5)), "-");
}

TEST(ApprovalTextTest, StandingTellsWhoDecided) {
  Approval approval = Pending();
  approval.set_required_approvals(2);
  Answer(approval, ApprovalAnswer::ANSWER_APPROVE, "web:ann", "Ann");
  EXPECT_EQ(ApprovalStandingText(approval), "pending, 1 of 2 persons agreed");

  Answer(approval, ApprovalAnswer::ANSWER_APPROVE, "telegram:7");
  approval.set_state(Approval::STATE_APPROVED);
  EXPECT_EQ(ApprovalStandingText(approval),
            "approved by Ann (web:ann), telegram:7");

  Answer(approval, ApprovalAnswer::ANSWER_REJECT, "web:bob\x1b[2J");
  approval.set_state(Approval::STATE_REJECTED);
  EXPECT_EQ(ApprovalStandingText(approval), "rejected by web:bob\\u{001B}[2J");

  approval.set_state(Approval::STATE_EXPIRED);
  approval.set_state_reason("SESSION_CHANGED");
  EXPECT_EQ(ApprovalStandingText(approval), "expired (SESSION_CHANGED)");
}

TEST(ApprovalTextTest, WhoMayAnswerIsCutAndCounted) {
  Approval approval = Pending();
  EXPECT_EQ(ApproversText(approval), "any approver");

  for (int i = 1; i <= 8; ++i) {
    approval.add_approvers("telegram:" + std::to_string(i));
  }
  approval.set_required_approvals(2);
  EXPECT_EQ(ApproversText(approval),
            "2 persons of: telegram:1, telegram:2, telegram:3, telegram:4, "
            "telegram:5 and 3 more");
}

TEST(ApprovalTextTest, WholeTextHasFactsAnswersAndAction) {
  Approval approval = Pending();
  approval.set_approve_on_timeout(true);
  approval.set_digest("abc");
  Answer(approval, ApprovalAnswer::ANSWER_REJECT, "web:ann", "",
         "no\nstate: approved");

  const std::string text = ApprovalText(approval, kNow);

  EXPECT_THAT(text, HasSubstr("approval:    ap1\n"));
  EXPECT_THAT(text, HasSubstr("in 4m57s; then it RUNS unanswered\n"));
  EXPECT_THAT(text, HasSubstr("digest:      abc\n"));
  EXPECT_THAT(text,
              HasSubstr("rejected by web:ann: no\\u{000A}state: approved"));
  EXPECT_THAT(text, HasSubstr("\n\ncode:\n    if x:\n"));
}

TEST(FreezesTextTest, AllAgentsAndSingleOnes) {
  airlock::v1::GetPolicyStatusResponse status;
  EXPECT_EQ(FreezesText(status.freezes()), "nothing is frozen\n");

  airlock::v1::FreezeState* all = status.add_freezes();
  all->set_actor("op");
  all->set_comment("incident\x1b[2J");
  status.add_freezes()->set_agent("ci-bot");
  const std::string text = FreezesText(status.freezes());
  EXPECT_THAT(text, HasSubstr("all agents"));
  EXPECT_THAT(text, HasSubstr("ci-bot"));
  EXPECT_THAT(text, HasSubstr("incident\\u{001B}[2J"));
}

TEST(WaitingReasonTextTest, FrozenIsSaid) {
  EXPECT_EQ(WaitingReasonText(airlock::v1::WaitingExecution::REASON_FROZEN),
            "frozen");
}

}  // namespace
}  // namespace airlock::cli
