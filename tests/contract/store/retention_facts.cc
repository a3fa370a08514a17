#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/audit_chain/audit_chain.h"
#include "common/time/proto_time.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Session;
using testing::ElementsAre;

const absl::Duration kDay = absl::Hours(24);

// An approval of the execution `id`.
ApprovalRecord MakeApprovalOf(const std::string& id, Approval::State state) {
  ApprovalRecord record = MakeApproval("a-of-" + id, state, 1);
  record.approval.set_execution_id(id);
  return record;
}

TEST_P(StoreFacts, WhatEndedBeforeIsForgotten) {
  const absl::Time now = absl::Now();
  Transaction transaction;
  transaction.executions = {MakeEnded("e1", now - 9 * kDay),
                            MakeEnded("e2", now - 7 * kDay),
                            MakeRecord("e3", Execution::STATE_RUNNING)};
  transaction.approvals = {MakeApprovalOf("e1", Approval::STATE_APPROVED),
                           MakeApprovalOf("e2", Approval::STATE_APPROVED)};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  ASSERT_THAT(caller_->Forget({.executions_before = now - 8 * kDay}), IsOk());

  EXPECT_THAT(IdsOf(*caller_->List({})), ElementsAre("e3", "e2"));
  EXPECT_FALSE(caller_->FindRequest("ada", "request-of-e1")->has_value());
  EXPECT_FALSE(caller_->FindApproval("a-of-e1")->has_value());
  EXPECT_TRUE(caller_->FindApproval("a-of-e2")->has_value());
  EXPECT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_RUNNING)), IsOk())
      << "nothing of it is left";
}

TEST_P(StoreFacts, WhatEndedWithinADayIsKept) {
  const absl::Time now = absl::Now();
  ASSERT_THAT(caller_->Put(MakeEnded("e1", now - kDay + absl::Minutes(5))),
              IsOk());
  ASSERT_THAT(caller_->Put(MakeEnded("e2", now - kDay - absl::Minutes(5))),
              IsOk());

  ASSERT_THAT(caller_->Forget({.executions_before = absl::InfiniteFuture()}),
              IsOk());

  EXPECT_THAT(IdsOf(*caller_->List({})), ElementsAre("e1"));
}

TEST_P(StoreFacts, WhatIsLiveOrPendingIsNeverForgotten) {
  Transaction transaction;
  transaction.executions = {
      MakeRecord("e1", Execution::STATE_AWAITING_APPROVAL),
      MakeRecord("e2", Execution::STATE_QUEUED),
      MakeRecord("e3", Execution::STATE_RUNNING),
      MakeEnded("e4", absl::Now() - 9 * kDay)};
  transaction.approvals = {MakeApprovalOf("e4", Approval::STATE_PENDING)};
  transaction.sessions = {MakeSession("s1", "main", Session::STATE_OPEN)};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  ASSERT_THAT(caller_->Forget({.executions_before = absl::InfiniteFuture()}),
              IsOk());

  EXPECT_THAT(IdsOf(*caller_->List({})), ElementsAre("e4", "e3", "e2", "e1"));
  EXPECT_EQ(caller_->LoadLive()->sessions.size(), 1U);
  EXPECT_TRUE(caller_->FindApproval("a-of-e4")->has_value());
}

TEST_P(StoreFacts, OnlyTheNewestAreKept) {
  Open(2);
  const absl::Time old = absl::Now() - 9 * kDay;
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_RUNNING)), IsOk());
  ASSERT_THAT(caller_->Put(MakeEnded("e2", old)), IsOk());
  ASSERT_THAT(caller_->Put(MakeEnded("e3", old + absl::Hours(1))), IsOk());

  ASSERT_THAT(caller_->Forget({}), IsOk());

  EXPECT_TRUE(caller_->Find("e1")->has_value()) << "it runs";
  EXPECT_FALSE(caller_->Find("e2")->has_value());
  EXPECT_TRUE(caller_->Find("e3")->has_value());
}

TEST_P(StoreFacts, WhatRunsIsKeptHoweverMuchThereIs) {
  Open(1);
  for (const char* id : {"e1", "e2", "e3"}) {
    ASSERT_THAT(caller_->Put(MakeRecord(id, Execution::STATE_RUNNING)), IsOk());
  }

  ASSERT_THAT(caller_->Forget({}), IsOk());

  EXPECT_THAT(IdsOf(*caller_->List({})), ElementsAre("e3", "e2", "e1"));
}

TEST_P(StoreFacts, EndedSessionsAreForgotten) {
  auto old = MakeSession("s1", "old", Session::STATE_LOST);
  *old.mutable_session()->mutable_end_time() = ToProto(absl::Now() - 9 * kDay);
  auto young = MakeSession("s2", "young", Session::STATE_LOST);
  *young.mutable_session()->mutable_end_time() = ToProto(absl::Now());
  ASSERT_THAT(caller_->Put(old), IsOk());
  ASSERT_THAT(caller_->Put(young), IsOk());

  ASSERT_THAT(caller_->Forget({.executions_before = absl::Now() - kDay}),
              IsOk());

  const auto live = caller_->LoadLive();
  ASSERT_EQ(live->sessions.size(), 1U);
  EXPECT_EQ(live->sessions[0].session().id(), "s2");
}

TEST_P(StoreFacts, PayloadsGoAndTheChainStays) {
  AuditEntry old = MakeEntry("a", "old payload");
  *old.record.mutable_time() = ToProto(absl::Now() - 9 * kDay);
  Transaction transaction;
  transaction.audit = {old, MakeEntry("b", "new payload")};
  ASSERT_THAT(caller_->Commit(transaction), IsOk());
  const auto before = caller_->ReadAudit(1, 10);

  ASSERT_THAT(caller_->Forget({.audit_payloads_before = absl::Now() - kDay}),
              IsOk());

  const auto after = caller_->ReadAudit(1, 10);
  ASSERT_EQ(after->size(), 2U);
  EXPECT_EQ((*after)[0].payload(), "");
  EXPECT_EQ((*after)[1].payload(), "new payload");
  for (std::size_t i = 0; i < after->size(); ++i) {
    EXPECT_EQ((*after)[i].record(), (*before)[i].record());
    EXPECT_EQ((*after)[i].hash(), (*before)[i].hash());
  }
  AuditQuery query;
  query.filter.set_text("old payload");
  EXPECT_TRUE(caller_->ListAudit(query)->records.empty());
}

// More than one step.
TEST_P(StoreFacts, EverythingThatIsOldIsForgotten) {
  Open(10'000);
  const absl::Time old = absl::Now() - 9 * kDay;
  Transaction transaction;
  for (int i = 0; i < 1200; ++i) {
    transaction.executions.push_back(MakeEnded(absl::StrCat("e", i), old));
    AuditEntry entry = MakeEntry("a", "payload");
    *entry.record.mutable_time() = ToProto(old);
    transaction.audit.push_back(entry);
  }
  ASSERT_THAT(caller_->Commit(transaction), IsOk());

  ASSERT_THAT(caller_->Forget({.executions_before = old + kDay,
                               .audit_payloads_before = old + kDay}),
              IsOk());

  EXPECT_TRUE(caller_->List({})->executions.empty());
  const auto records = caller_->ReadAudit(1, 2000);
  ASSERT_EQ(records->size(), 1200U);
  for (const auto& sealed : *records) EXPECT_EQ(sealed.payload(), "");
}

}  // namespace
}  // namespace airlock::policy
