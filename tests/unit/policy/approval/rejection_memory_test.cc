#include "services/policy/approval/rejection_memory.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/unit/policy/approval/approval_cases.h"

namespace airlock::policy {
namespace {

const absl::Time kUntil = kLater + absl::Minutes(10);

ApprovalRecord RejectedOf(const std::string& agent, const std::string& hash) {
  NewQuestion question = QuestionOf(agent);
  question.action_hash = hash;
  return After(AskApproval(question, {}, 2, kAsked), Reject("web:ann"));
}

TEST(RejectionMemoryTest, ReasonIsRemembered) {
  RejectionMemory memory;
  ApprovalSettings settings;
  settings.people = {{"Ann", {"web:ann"}}};
  ApprovalRecord record = After(AskFor(settings, 2), Approve("web:bob"));
  record = After(record, Reject("web:ann"), settings);

  memory.Remember(record, kUntil);

  const std::optional<Rejection> found = memory.Find("bot", "hash", kLater);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->approval_id, record.approval.id());
  EXPECT_EQ(found->approver, "web:ann");
  EXPECT_EQ(found->person, "Ann");
  EXPECT_EQ(found->comment, "not today");
}

TEST(RejectionMemoryTest, OtherAgentsAndActionsAreNotRejected) {
  RejectionMemory memory;
  memory.Remember(RejectedOf("bot", "h1"), kUntil);

  EXPECT_FALSE(memory.Find("bot", "h2", kLater).has_value());
  EXPECT_FALSE(memory.Find("other", "h1", kLater).has_value());
}

TEST(RejectionMemoryTest, ItEndsWithItsTime) {
  RejectionMemory memory;
  memory.Remember(RejectedOf("bot", "h"), kUntil);

  EXPECT_TRUE(
      memory.Find("bot", "h", kUntil - absl::Nanoseconds(1)).has_value());
  EXPECT_FALSE(memory.Find("bot", "h", kUntil).has_value());
  EXPECT_EQ(memory.size(), 0);
}

TEST(RejectionMemoryTest, OnlyRejectionsAreRemembered) {
  RejectionMemory memory;
  memory.Remember(AskFor({}), kUntil);
  memory.Remember(After(AskFor({}), Approve("web:ann")), kUntil);
  memory.Remember(ExpireApproval(AskFor({}), false, kLater), kUntil);
  memory.Remember(RejectedOf("bot", ""), kUntil);

  EXPECT_EQ(memory.size(), 0);
}

TEST(RejectionMemoryTest, OldestGoesWhenItIsFull) {
  RejectionMemory memory(3);
  for (const char* hash : {"a", "b", "c", "d"}) {
    memory.Remember(RejectedOf("bot", hash), kUntil);
  }

  EXPECT_EQ(memory.size(), 3);
  EXPECT_FALSE(memory.Find("bot", "a", kLater).has_value());
  EXPECT_TRUE(memory.Find("bot", "b", kLater).has_value());
  EXPECT_TRUE(memory.Find("bot", "d", kLater).has_value());
}

TEST(RejectionMemoryTest, RememberedAgainIsNotTheOldest) {
  RejectionMemory memory(3);
  for (const char* hash : {"a", "b", "c", "a", "d"}) {
    memory.Remember(RejectedOf("bot", hash), kUntil);
  }

  EXPECT_TRUE(memory.Find("bot", "a", kLater).has_value());
  EXPECT_FALSE(memory.Find("bot", "b", kLater).has_value());
}

TEST(RejectionMemoryTest, SameActionOverAndOverLosesNothing) {
  RejectionMemory memory(3);
  for (int i = 0; i < 100; ++i) memory.Remember(RejectedOf("bot", "a"), kUntil);

  EXPECT_EQ(memory.size(), 1);
  EXPECT_TRUE(memory.Find("bot", "a", kLater).has_value());
}

}  // namespace
}  // namespace airlock::policy
