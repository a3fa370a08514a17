#include "services/cli/approvals/open_approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_approval_service.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OpenApprovalsTest : public testing::Test {
 protected:
  Approval WithState(Approval::State state) {
    Approval approval = one_;
    approval.set_state(state);
    return approval;
  }

  const Approval one_ = MakePendingApproval("ap1");
  OpenApprovals open_;
};

TEST_F(OpenApprovalsTest, SameOneAgainIsNoNews) {
  EXPECT_TRUE(open_.Update(one_));
  EXPECT_FALSE(open_.Update(one_));
}

TEST_F(OpenApprovalsTest, AnswerIsNews) {
  open_.Update(one_);
  Approval answered = one_;
  answered.add_answers()->set_approver("web:ann");

  EXPECT_TRUE(open_.Update(answered));
  EXPECT_FALSE(open_.Update(answered));
}

TEST_F(OpenApprovalsTest, EndIsNewsAlsoOfOneThatWasNotKnown) {
  EXPECT_TRUE(open_.Update(WithState(Approval::STATE_APPROVED)));
}

TEST_F(OpenApprovalsTest, WhatIsNotToldAgainIsMissing) {
  open_.BeginTelling();
  open_.Update(one_);
  EXPECT_THAT(open_.EndTelling(), IsEmpty());

  open_.BeginTelling();
  EXPECT_THAT(open_.EndTelling(), ElementsAre("ap1"));
}

TEST_F(OpenApprovalsTest, EndedOneIsNotMissing) {
  open_.Update(one_);
  open_.Update(WithState(Approval::STATE_EXPIRED));

  open_.BeginTelling();
  EXPECT_THAT(open_.EndTelling(), IsEmpty());
}

TEST_F(OpenApprovalsTest, ForgottenOneIsNotMissing) {
  open_.Update(one_);
  open_.Forget("ap1");

  open_.BeginTelling();
  EXPECT_THAT(open_.EndTelling(), IsEmpty());
}

}  // namespace
}  // namespace airlock::cli
