#include "services/policy/approval/pending_approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "tests/unit/policy/approval/approval_cases.h"

namespace airlock::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kAll = 1 << 20;

ApprovalRecord RecordOf(const std::string& agent, int number) {
  NewQuestion question = QuestionOf(agent);
  question.execution_id = absl::StrCat("execution-", number);
  return AskApproval(question, {}, 1, kAsked + absl::Milliseconds(number));
}

std::string AddTo(PendingApprovals& pending, const std::string& agent,
                  int number, absl::Duration deadline) {
  const PendingApproval* added = pending.Add(RecordOf(agent, number), deadline);
  return added == nullptr ? "" : added->record.approval.id();
}

TEST(PendingApprovalsTest, IsFoundByIdAndByExecution) {
  PendingApprovals pending;
  const std::string id = AddTo(pending, "bot", 1, absl::Seconds(10));

  ASSERT_NE(pending.Find(id), nullptr);
  EXPECT_EQ(pending.FindByExecution("execution-1"), pending.Find(id));
  EXPECT_EQ(pending.Find("ap-x"), nullptr);
  EXPECT_EQ(pending.FindByExecution("execution-2"), nullptr);
}

TEST(PendingApprovalsTest, SameExecutionIsNotTakenTwice) {
  PendingApprovals pending;
  const ApprovalRecord record = RecordOf("bot", 1);
  ASSERT_NE(pending.Add(record, absl::Seconds(1)), nullptr);

  EXPECT_EQ(pending.Add(record, absl::Seconds(1)), nullptr);
  EXPECT_EQ(AddTo(pending, "bot", 1, absl::Seconds(1)), "");
  EXPECT_EQ(pending.CountOf("bot"), 1);
}

TEST(PendingApprovalsTest, RemovedOneIsGoneEverywhere) {
  PendingApprovals pending;
  const std::string id = AddTo(pending, "bot", 1, absl::Seconds(10));
  int called = 0;
  pending.Find(id)->waiting.emplace_back([&called] { ++called; });
  // Whoever changes the record cannot leave a trace behind.
  pending.Find(id)->record.approval.set_agent("other");
  pending.Find(id)->record.approval.set_execution_id("other");

  std::optional<PendingApproval> removed = pending.Remove(id);

  ASSERT_TRUE(removed.has_value());
  removed->waiting.front()();
  EXPECT_EQ(called, 1);
  EXPECT_EQ(pending.size(), 0);
  EXPECT_EQ(pending.CountOf("bot"), 0);
  EXPECT_EQ(pending.FindByExecution("execution-1"), nullptr);
  EXPECT_THAT(pending.TakeDue(absl::Hours(1), kAll), IsEmpty());
  EXPECT_FALSE(pending.OldestCreateTime().has_value());
  EXPECT_FALSE(pending.Remove(id).has_value());
}

TEST(PendingApprovalsTest, DueOnesAreToldOnceInTheirOrder) {
  PendingApprovals pending;
  const std::string late = AddTo(pending, "bot", 1, absl::Seconds(20));
  const std::string soon = AddTo(pending, "bot", 2, absl::Seconds(10));
  AddTo(pending, "bot", 3, absl::Seconds(21));

  EXPECT_EQ(pending.NextDeadline(), absl::Seconds(10));
  EXPECT_THAT(pending.TakeDue(absl::Seconds(9), kAll), IsEmpty());
  EXPECT_THAT(pending.TakeDue(absl::Seconds(20), kAll),
              ElementsAre(soon, late));
  EXPECT_THAT(pending.TakeDue(absl::Seconds(20), kAll), IsEmpty());
  EXPECT_EQ(pending.NextDeadline(), absl::Seconds(21));
  EXPECT_EQ(pending.size(), 3);
}

TEST(PendingApprovalsTest, NoMoreAreToldThanAskedFor) {
  PendingApprovals pending;
  for (int i = 0; i < 5; ++i) AddTo(pending, "bot", i, absl::Seconds(1));

  EXPECT_THAT(pending.TakeDue(absl::Seconds(1), 3), SizeIs(3));
  EXPECT_THAT(pending.TakeDue(absl::Seconds(1), 3), SizeIs(2));
  EXPECT_EQ(pending.NextDeadline(), absl::InfiniteDuration());
}

TEST(PendingApprovalsTest, WhatCouldNotBeDoneIsToldAgain) {
  PendingApprovals pending;
  const std::string id = AddTo(pending, "bot", 1, absl::Seconds(10));
  ASSERT_THAT(pending.TakeDue(absl::Seconds(10), kAll), ElementsAre(id));

  pending.Remind(id, absl::Seconds(12));
  pending.Remind(id, absl::Seconds(11));
  pending.Remind("ap-x", absl::Seconds(11));

  EXPECT_THAT(pending.TakeDue(absl::Seconds(11), kAll), ElementsAre(id));
  EXPECT_THAT(pending.TakeDue(absl::Seconds(12), kAll), IsEmpty());
}

TEST(PendingApprovalsTest, OldestIsTheOneAskedFirst) {
  PendingApprovals pending;
  AddTo(pending, "bot", 2, absl::Seconds(10));
  const std::string oldest = AddTo(pending, "bot", 1, absl::Seconds(10));
  AddTo(pending, "bot", 3, absl::Seconds(10));
  EXPECT_EQ(pending.OldestCreateTime(), kAsked + absl::Milliseconds(1));

  std::vector<std::string> order;
  pending.ForEach([&order](PendingApproval& one) {
    order.push_back(one.record.approval.execution_id());
  });
  EXPECT_THAT(order, ElementsAre("execution-1", "execution-2", "execution-3"));

  pending.Remove(oldest);
  EXPECT_EQ(pending.OldestCreateTime(), kAsked + absl::Milliseconds(2));
}

TEST(PendingApprovalsTest, RoomIsBoundedForEachAgentAndForAll) {
  PendingApprovals pending;
  EXPECT_THAT(pending.CheckRoom("a", 1, 2), IsOk());
  AddTo(pending, "a", 1, absl::Seconds(1));

  const absl::Status full = pending.CheckRoom("a", 1, 2);
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted,
                             HasSubstr("agent:a")));
  EXPECT_EQ(ErrorReason(full), "APPROVALS_FULL");
  EXPECT_THAT(pending.CheckRoom("a", 2, 2), IsOk());
  EXPECT_THAT(pending.CheckRoom("b", 1, 2), IsOk());

  AddTo(pending, "b", 2, absl::Seconds(1));
  EXPECT_THAT(
      pending.CheckRoom("c", 1, 2),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("all agents")));
}

TEST(PendingApprovalsTest, FullErrorNamesTheQuota) {
  PendingApprovals pending;
  google::rpc::QuotaFailure quota;
  pending.CheckRoom("a", 0, 1).ForEachPayload(
      [&quota](absl::string_view type, const absl::Cord& payload) {
        if (type.find("QuotaFailure") != absl::string_view::npos) {
          quota.ParseFromString(std::string(payload));
        }
      });

  ASSERT_EQ(quota.violations_size(), 1);
  EXPECT_EQ(quota.violations(0).subject(), "agent:a");
}

TEST(PendingApprovalsTest, TenThousandTakeFewMegabytes) {
  PendingApprovals pending;
  const std::size_t before = mallinfo2().uordblks;

  for (int i = 0; i < 10000; ++i) {
    NewQuestion question = QuestionOf(absl::StrCat("agent-", i % 50));
    question.execution_id = absl::StrCat("01jabcdefghijklmnopqrst-", i);
    question.digest_hex = std::string(64, 'd');
    question.action_hash = std::string(32, 'h');
    question.explanation = std::string(150, 'e');
    question.summary = std::string(200, 's');
    pending.Add(AskApproval(question, {}, 1, kAsked), absl::Seconds(i));
  }

  EXPECT_EQ(pending.size(), 10000);
  EXPECT_LT(mallinfo2().uordblks - before, 25'000'000);
}

}  // namespace
}  // namespace airlock::policy
