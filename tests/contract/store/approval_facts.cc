#include <gmock/gmock.h>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Session;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST_P(StoreFacts, ApprovalIsFoundWhole) {
  const ApprovalRecord put = MakeApproval("a1", Approval::STATE_PENDING, 1);
  ASSERT_THAT(caller_->Put(put), IsOk());

  const auto found = caller_->FindApproval("a1");

  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->approval.SerializeAsString(),
            put.approval.SerializeAsString());
  EXPECT_EQ((*found)->action_hash, put.action_hash);
  EXPECT_EQ((*found)->revision, 1U);
  EXPECT_FALSE(caller_->FindApproval("a2")->has_value());
}

TEST_P(StoreFacts, RevisionThatIsNotTheNextOneIsAborted) {
  const auto put = [&](std::uint64_t revision) {
    return caller_->Put(MakeApproval("a1", Approval::STATE_PENDING, revision));
  };
  EXPECT_THAT(put(0), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(put(2), StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(put(1), IsOk());

  const absl::Status again = put(1);

  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(ErrorReason(again), "REVISION_CONFLICT");
  EXPECT_THAT(put(3), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(put(2), IsOk());
}

TEST_P(StoreFacts, ApprovalThatEndedNeverChanges) {
  ASSERT_THAT(caller_->Put(MakeApproval("a1", Approval::STATE_REJECTED, 1)),
              IsOk());

  // Who comes second is told that it was decided, not that it counted wrong.
  for (const std::uint64_t revision : {1, 2}) {
    const absl::Status second =
        caller_->Put(MakeApproval("a1", Approval::STATE_APPROVED, revision));
    EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(ErrorReason(second), "ALREADY_FINAL");
  }
  EXPECT_EQ((*caller_->FindApproval("a1"))->approval.state(),
            Approval::STATE_REJECTED);
}

// All of it, or nothing: whatever it is that is refused.
TEST_P(StoreFacts, TransactionThatIsRefusedLeavesNothing) {
  ASSERT_THAT(caller_->Put(MakeApproval("a1", Approval::STATE_PENDING, 1)),
              IsOk());
  Transaction transaction;
  transaction.executions = {MakeRecord("e1", Execution::STATE_RUNNING)};
  transaction.approvals = {MakeApproval("a2", Approval::STATE_PENDING, 1),
                           MakeApproval("a1", Approval::STATE_APPROVED, 7)};
  transaction.sessions = {MakeSession("s1", "main", Session::STATE_OPEN)};
  transaction.settings = {{"frozen", "yes"}};
  transaction.audit = {MakeEntry("ada")};

  ASSERT_THAT(caller_->Commit(transaction),
              StatusIs(absl::StatusCode::kAborted));

  const auto live = caller_->LoadLive();
  EXPECT_THAT(live->executions, IsEmpty());
  EXPECT_THAT(IdsOf(live->approvals), ElementsAre("a1"));
  EXPECT_THAT(live->sessions, IsEmpty());
  EXPECT_THAT(live->settings, IsEmpty());
  EXPECT_EQ(caller_->GetAuditHead()->sequence, 0U);
  ASSERT_THAT(caller_->Put(MakeEntry("bob")), IsOk());
  EXPECT_THAT(ActorsOf(*caller_->ReadAudit(1, 10)), ElementsAre("bob"));
}

TEST_P(StoreFacts, WhatATransactionDidFirstCountsForTheRestOfIt) {
  Transaction transaction;
  transaction.executions = {MakeRecord("e1", Execution::STATE_FINISHED),
                            MakeRecord("e1", Execution::STATE_RUNNING)};
  EXPECT_THAT(caller_->Commit(transaction),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  transaction.executions.clear();
  transaction.approvals = {MakeApproval("a1", Approval::STATE_PENDING, 1),
                           MakeApproval("a1", Approval::STATE_APPROVED, 2)};

  EXPECT_THAT(caller_->Commit(transaction), IsOk());

  EXPECT_FALSE(caller_->Find("e1")->has_value());
  EXPECT_EQ((*caller_->FindApproval("a1"))->revision, 2U);
}

TEST_P(StoreFacts, ApprovalsAreListedNewestFirst) {
  ApprovalRecord bobs = MakeApproval("a2", Approval::STATE_APPROVED, 1);
  bobs.approval.set_agent("bob");
  ASSERT_THAT(caller_->Put(MakeApproval("a1", Approval::STATE_PENDING, 1)),
              IsOk());
  ASSERT_THAT(caller_->Put(bobs), IsOk());
  ASSERT_THAT(caller_->Put(MakeApproval("a3", Approval::STATE_PENDING, 1)),
              IsOk());
  ASSERT_THAT(caller_->Put(MakeApproval("a4", Approval::STATE_EXPIRED, 1)),
              IsOk());
  const auto list = [&](const std::string& agent, Approval::State state) {
    ApprovalQuery query;
    query.agent = agent;
    query.state = state;
    return IdsOf(*caller_->ListApprovals(query));
  };

  EXPECT_THAT(list("", Approval::STATE_UNSPECIFIED),
              ElementsAre("a4", "a3", "a2", "a1"));
  EXPECT_THAT(list("", Approval::STATE_PENDING), ElementsAre("a3", "a1"));
  EXPECT_THAT(list("", Approval::STATE_EXPIRED), ElementsAre("a4"));
  EXPECT_THAT(list("bob", Approval::STATE_UNSPECIFIED), ElementsAre("a2"));
  EXPECT_THAT(list("bob", Approval::STATE_PENDING), IsEmpty());
  EXPECT_THAT(list("ada", Approval::STATE_PENDING), ElementsAre("a3", "a1"));
}

TEST_P(StoreFacts, ApprovalsHavePages) {
  for (const char* id : {"a1", "a2", "a3"}) {
    ASSERT_THAT(caller_->Put(MakeApproval(id, Approval::STATE_PENDING, 1)),
                IsOk());
  }
  ApprovalQuery query;
  query.state = Approval::STATE_PENDING;
  query.page_size = 2;

  const auto first = caller_->ListApprovals(query);
  query.page_token = first->next_page_token;
  const auto second = caller_->ListApprovals(query);
  query.page_token = "A";

  EXPECT_THAT(IdsOf(*first), ElementsAre("a3", "a2"));
  EXPECT_THAT(IdsOf(*second), ElementsAre("a1"));
  EXPECT_EQ(second->next_page_token, "");
  EXPECT_THAT(caller_->ListApprovals(query),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(StoreFacts, WhatIsLiveIsLoaded) {
  const absl::Time now = absl::Now();
  ApprovalRecord late = MakeApproval("a2", Approval::STATE_REJECTED, 1);
  *late.approval.mutable_end_time() = ToProto(now);
  ApprovalRecord early = MakeApproval("a3", Approval::STATE_REJECTED, 1);
  *early.approval.mutable_end_time() = ToProto(now - absl::Hours(1));
  Transaction transaction;
  transaction.executions = {
      MakeRecord("e2", Execution::STATE_AWAITING_APPROVAL),
      MakeRecord("e1", Execution::STATE_RUNNING), MakeEnded("e3", now)};
  transaction.approvals = {MakeApproval("a1", Approval::STATE_PENDING, 1), late,
                           early,
                           MakeApproval("a4", Approval::STATE_APPROVED, 1)};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  const auto live = caller_->LoadLive(now - absl::Minutes(10));

  EXPECT_THAT(IdsOf(live->executions), ElementsAre("e1", "e2"));
  EXPECT_EQ(live->executions[0].spec, transaction.executions[1].spec);
  EXPECT_THAT(IdsOf(live->approvals), ElementsAre("a1"));
  EXPECT_THAT(IdsOf(live->rejected), ElementsAre("a2"));
  EXPECT_FALSE(live->restored);
}

TEST_P(StoreFacts, SessionReplacesTheOneOfItsName) {
  ASSERT_THAT(caller_->Put(MakeSession("s1", "main", Session::STATE_OPEN)),
              IsOk());
  ASSERT_THAT(caller_->Put(MakeSession("s1", "main", Session::STATE_CLOSED)),
              IsOk());
  ASSERT_THAT(caller_->Put(MakeSession("s2", "other", Session::STATE_OPEN)),
              IsOk());
  const auto put = MakeSession("s3", "main", Session::STATE_OPEN);
  ASSERT_THAT(caller_->Put(put), IsOk());

  const auto live = caller_->LoadLive();

  ASSERT_EQ(live->sessions.size(), 2U);
  const bool first = live->sessions[0].session().id() == "s3";
  EXPECT_EQ(live->sessions[first ? 0 : 1].SerializeAsString(),
            put.SerializeAsString());
  EXPECT_EQ(live->sessions[first ? 1 : 0].session().id(), "s2");
}

TEST_P(StoreFacts, SettingsAreKeptUntilTheyAreEmpty) {
  Transaction transaction;
  transaction.settings = {{"a", std::string("\0\xff", 2)}, {"b", "old"}};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());
  transaction.settings = {{"b", "new"}, {"c", "x"}, {"c", ""}};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  EXPECT_THAT(
      caller_->LoadLive()->settings,
      ElementsAre(Pair("a", std::string("\0\xff", 2)), Pair("b", "new")));
}

}  // namespace
}  // namespace airlock::policy
