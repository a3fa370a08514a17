#include "services/cli/approvals/watch_dialog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/support/fake_approval_service.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::DecideApprovalRequest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class WatchDialogTest : public testing::Test {
 protected:
  WatchDialogTest() {
    Put(MakePendingApproval("ap1"));
    Put(MakePendingApproval("ap2"));
    dialog_.OnCaughtUp();
  }

  // As the service does: the list has no view.
  void Put(const Approval& approval) {
    approvals_[approval.id()] = approval;
    Approval listed = approval;
    listed.clear_view();
    dialog_.OnApproval(listed);
  }
  void End(const std::string& id, Approval::State state) {
    Approval approval = approvals_[id];
    approval.set_state(state);
    Put(approval);
  }
  // What is said in answer to a line.
  std::string Type(const std::string& line) {
    said_.clear();
    EXPECT_TRUE(dialog_.OnLine(line));
    return said_;
  }

  std::map<std::string, Approval> approvals_;
  std::vector<DecideApprovalRequest> decisions_;
  absl::Status next_error_;
  std::string said_;
  WatchDialog dialog_{
      {.get = [this](const std::string& id) -> absl::StatusOr<Approval> {
         return approvals_[id];
       },
       .decide = [this](const DecideApprovalRequest& request)
           -> absl::StatusOr<Approval> {
         decisions_.push_back(request);
         if (!next_error_.ok()) {
           return std::exchange(next_error_, absl::OkStatus());
         }
         Approval approval = approvals_[request.id()];
         approval.set_state(request.answer() == ApprovalAnswer::ANSWER_APPROVE
                                ? Approval::STATE_APPROVED
                                : Approval::STATE_REJECTED);
         return approval;
       },
       .print =
           [this](absl::string_view text) { absl::StrAppend(&said_, text); },
       .now = absl::Now}};
};

TEST_F(WatchDialogTest, PendingOnesAreListedByNumber) {
  EXPECT_THAT(said_, HasSubstr("[1] ap1"));
  EXPECT_THAT(said_, HasSubstr("[2] ap2"));
  EXPECT_THAT(said_, HasSubstr("python: print(1)"));
}

TEST_F(WatchDialogTest, NumberShowsAllAndAsks) {
  const std::string shown = Type("2");

  EXPECT_THAT(shown, HasSubstr("approval:    ap2"));
  EXPECT_THAT(shown, HasSubstr("    print(1)\n"));
  EXPECT_THAT(shown, HasSubstr("[a]pprove, [r]eject, [s]kip?"));
  EXPECT_THAT(decisions_, IsEmpty());
}

TEST_F(WatchDialogTest, ApprovingSendsTheDigestThatWasShown) {
  Type("2");
  Type("a");

  ASSERT_THAT(decisions_, SizeIs(1));
  EXPECT_EQ(decisions_[0].id(), "ap2");
  EXPECT_EQ(decisions_[0].answer(), ApprovalAnswer::ANSWER_APPROVE);
  EXPECT_EQ(decisions_[0].digest(), "digest-of-ap2");
}

TEST_F(WatchDialogTest, RejectingAsksWhy) {
  Type("1");
  EXPECT_THAT(Type("r"), HasSubstr("Why"));
  Type("  not Today ");

  ASSERT_THAT(decisions_, SizeIs(1));
  EXPECT_EQ(decisions_[0].answer(), ApprovalAnswer::ANSWER_REJECT);
  EXPECT_EQ(decisions_[0].comment(), "not Today");
}

TEST_F(WatchDialogTest, NothingIsAnsweredThatWasNotShown) {
  Type("a");
  Type("approve");
  Type("r");
  Type("7");

  EXPECT_THAT(decisions_, IsEmpty());
}

TEST_F(WatchDialogTest, OnlyAPlainAnswerCounts) {
  Type("1");
  for (const char* word : {"", "y", "yes", "ap", "1"}) {
    EXPECT_THAT(Type(word), HasSubstr("a, r or s")) << word;
  }
  EXPECT_THAT(decisions_, IsEmpty());
}

TEST_F(WatchDialogTest, SkippedOneStaysPending) {
  Type("1");
  Type("s");

  EXPECT_THAT(Type(""), HasSubstr("[1] ap1"));
  EXPECT_THAT(decisions_, IsEmpty());
}

TEST_F(WatchDialogTest, WhatIsNotShownCompletelyIsNotApproved) {
  Approval cut = MakePendingApproval("ap3");
  cut.mutable_view()->mutable_fields(0)->set_cut_bytes(7);
  Put(cut);

  Type("3");
  EXPECT_THAT(Type("a"), HasSubstr("Not approved"));
  EXPECT_THAT(decisions_, IsEmpty());

  Type("r");
  Type("");
  EXPECT_THAT(decisions_, SizeIs(1));
}

TEST_F(WatchDialogTest, SomebodyElsesAnswerEndsTheQuestion) {
  Type("1");
  said_.clear();
  End("ap1", Approval::STATE_REJECTED);

  EXPECT_THAT(said_, HasSubstr("decided meanwhile"));
  Type("a");
  EXPECT_THAT(decisions_, IsEmpty());
  EXPECT_THAT(Type(""), Not(HasSubstr("ap1")));
}

TEST_F(WatchDialogTest, AnswerToAnotherOneLeavesTheQuestion) {
  Type("1");
  said_.clear();
  End("ap2", Approval::STATE_APPROVED);

  EXPECT_THAT(said_, Not(HasSubstr("decided meanwhile")));
  EXPECT_THAT(said_, HasSubstr("[s]kip?"));
  Type("a");
  EXPECT_EQ(decisions_[0].id(), "ap1");
}

TEST_F(WatchDialogTest, NumbersAreNotUsedAgain) {
  End("ap1", Approval::STATE_EXPIRED);
  Put(MakePendingApproval("ap3"));

  EXPECT_THAT(said_, HasSubstr("[3] ap3"));
  EXPECT_THAT(Type("1"), HasSubstr("1 is not pending"));
}

TEST_F(WatchDialogTest, RefusedAnswerIsSaid) {
  next_error_ = MakeError(absl::StatusCode::kPermissionDenied,
                          "NOT_AN_APPROVER", "ann is none");
  Type("1");

  EXPECT_THAT(Type("a"), HasSubstr("NOT_AN_APPROVER"));
  EXPECT_THAT(Type(""), HasSubstr("[1] ap1"));
}

TEST_F(WatchDialogTest, TextFromElsewhereIsEscaped) {
  Approval evil = MakePendingApproval("ap3");
  evil.set_summary("\x1b[2J");
  evil.mutable_view()->mutable_fields(0)->set_text("\x1b[2J\u202E");
  said_.clear();
  Put(evil);

  EXPECT_THAT(said_ + Type("3"), Not(HasSubstr("\x1b")));
  EXPECT_THAT(said_, HasSubstr("\\u{001B}[2J\\u{202E}"));
}

TEST_F(WatchDialogTest, PersonLeaves) {
  EXPECT_FALSE(dialog_.OnLine("q"));
  EXPECT_FALSE(dialog_.OnLine("Quit"));
}

TEST_F(WatchDialogTest, LongListIsCutWithACount) {
  for (int i = 0; i < 50; ++i) {
    Put(MakePendingApproval(absl::StrCat("more", i)));
  }

  EXPECT_THAT(Type(""), HasSubstr("and 12 more"));
}

}  // namespace
}  // namespace airlock::cli
