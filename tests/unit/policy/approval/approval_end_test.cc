#include <gtest/gtest.h>

#include "common/time/proto_time.h"
#include "services/policy/approval/approval_machine.h"
#include "tests/unit/policy/approval/approval_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;

TEST(ExpireApprovalTest, SilenceRejectsUnlessConfigured) {
  const ApprovalRecord record = ExpireApproval(AskFor({}), true, kLater);

  EXPECT_EQ(record.approval.state(), Approval::STATE_EXPIRED);
  EXPECT_EQ(record.approval.state_reason(), "NO_ANSWER");
  EXPECT_EQ(record.revision, 2);
  EXPECT_EQ(FromProto(record.approval.end_time()), kLater);
}

TEST(ExpireApprovalTest, DefaultActionNeedsAQuestionThatWasHeard) {
  ApprovalSettings settings;
  settings.approve_on_timeout = true;

  const Approval heard =
      ExpireApproval(AskFor(settings), true, kLater).approval;
  const Approval unheard =
      ExpireApproval(AskFor(settings), false, kLater).approval;

  EXPECT_EQ(heard.state(), Approval::STATE_APPROVED);
  EXPECT_EQ(heard.state_reason(), "DEFAULT_ACTION");
  EXPECT_EQ(unheard.state(), Approval::STATE_EXPIRED);
  EXPECT_EQ(unheard.state_reason(), "DEFAULT_WITHHELD");
}

TEST(EndApprovalTest, VoidAndCancelSayWhy) {
  const ApprovalRecord changed =
      VoidApproval(AskFor({}), "SESSION_CHANGED", kLater);
  const ApprovalRecord withdrawn =
      CancelApproval(AskFor({}), "CANCELLED_BY_AGENT", kLater);

  EXPECT_EQ(changed.approval.state(), Approval::STATE_EXPIRED);
  EXPECT_EQ(changed.approval.state_reason(), "SESSION_CHANGED");
  EXPECT_EQ(changed.revision, 2);
  EXPECT_EQ(withdrawn.approval.state(), Approval::STATE_CANCELLED);
  EXPECT_EQ(withdrawn.approval.state_reason(), "CANCELLED_BY_AGENT");
  EXPECT_EQ(withdrawn.revision, 2);
}

TEST(EndApprovalTest, WhatHasEndedStaysAsItIs) {
  const ApprovalRecord record = After(AskFor({}), Approve("web:ann"));

  for (const ApprovalRecord& again :
       {ExpireApproval(record, true, kLater + absl::Hours(1)),
        VoidApproval(record, "POLICY_CHANGED", kLater + absl::Hours(1)),
        CancelApproval(record, "X", kLater + absl::Hours(1))}) {
    EXPECT_EQ(again.revision, record.revision);
    EXPECT_EQ(again.approval.SerializeAsString(),
              record.approval.SerializeAsString());
  }
}

}  // namespace
}  // namespace airlock::policy
