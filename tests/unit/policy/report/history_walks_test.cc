#include "services/policy/report/history_walks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "services/policy/report/pending_count.h"
#include "services/policy/store/memory/memory_store.h"
#include "tests/contract/store/store_caller.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Remembers what it saw. Waits before its first page, if it is told to.
class RecordingVisitor final : public HistoryVisitor {
 public:
  absl::StatusOr<HistoryRequest> Begin() override {
    if (waits != nullptr) waits->WaitForNotification();
    return begin;
  }
  bool cancelled() const override { return is_cancelled; }
  void OnPage(const std::vector<ExecutionHistory>& page) override {
    ++pages;
    for (const ExecutionHistory& each : page) {
      ids.push_back(each.execution.id());
    }
    if (cancels_after_first) is_cancelled = true;
  }
  void End(absl::StatusOr<bool> complete) override {
    result = std::move(complete);
    ended.Notify();
  }

  absl::StatusOr<HistoryRequest> begin = HistoryRequest{};
  absl::Notification* waits = nullptr;
  bool is_cancelled = false;
  bool cancels_after_first = false;
  int pages = 0;
  std::vector<std::string> ids;
  absl::StatusOr<bool> result = absl::InternalError("it has not ended");
  absl::Notification ended;
};

class HistoryWalksTest : public testing::Test {
 protected:
  HistoryWalksTest() {
    for (const char* id : {"e1", "e2", "e3", "e4", "e5"}) {
      EXPECT_THAT(
          StoreCaller(store_).Put(MakeRecord(id, Execution::STATE_FINISHED)),
          IsOk());
    }
  }

  std::shared_ptr<RecordingVisitor> Walk(HistoryWalkLimits limits,
                                         bool cancels_after_first = false) {
    auto visitor = std::make_shared<RecordingVisitor>();
    visitor->cancels_after_first = cancels_after_first;
    HistoryWalks walks(store_, limits);
    EXPECT_THAT(walks.Start(visitor), IsOk());
    visitor->ended.WaitForNotification();
    return visitor;
  }

  MemoryStore store_{1000};
};

TEST_F(HistoryWalksTest, GoesPageByPageToTheOldest) {
  const auto visitor = Walk({.page_size = 2});

  EXPECT_THAT(visitor->ids, ElementsAre("e5", "e4", "e3", "e2", "e1"));
  EXPECT_EQ(visitor->pages, 3);
  EXPECT_TRUE(visitor->result.value());
}

TEST_F(HistoryWalksTest, StopsAtItsBoundAndSaysSo) {
  const auto visitor = Walk({.max_executions = 3, .page_size = 2});

  EXPECT_THAT(visitor->ids, ElementsAre("e5", "e4", "e3"));
  EXPECT_FALSE(visitor->result.value());
}

TEST_F(HistoryWalksTest, BoundThatIsJustEnoughIsAll) {
  const auto visitor = Walk({.max_executions = 5, .page_size = 2});

  EXPECT_TRUE(visitor->result.value());
}

TEST_F(HistoryWalksTest, EndsWhereNobodyWaitsForIt) {
  const auto visitor = Walk({.page_size = 2}, /*cancels_after_first=*/true);

  EXPECT_EQ(visitor->pages, 1);
  EXPECT_THAT(visitor->result, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(HistoryWalksTest, RequestThatIsWrongReadsNothing) {
  HistoryWalks walks(store_, {});
  const auto visitor = std::make_shared<RecordingVisitor>();
  visitor->begin = absl::InvalidArgumentError("no");

  ASSERT_THAT(walks.Start(visitor), IsOk());
  visitor->ended.WaitForNotification();

  EXPECT_THAT(visitor->result, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(visitor->ids, IsEmpty());
}

TEST_F(HistoryWalksTest, TooManyAtOnceAreRefusedUntilOneEnds) {
  HistoryWalks walks(store_, {.max_walks = 2});
  absl::Notification go;
  std::vector<std::shared_ptr<RecordingVisitor>> visitors;
  for (int i = 0; i < 4; ++i) {
    visitors.push_back(std::make_shared<RecordingVisitor>());
    visitors.back()->waits = &go;
  }
  ASSERT_THAT(walks.Start(visitors[0]), IsOk());
  ASSERT_THAT(walks.Start(visitors[1]), IsOk());

  const absl::Status refused = walks.Start(visitors[2]);
  go.Notify();
  visitors[0]->ended.WaitForNotification();
  const absl::Status taken = walks.Start(visitors[3]);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(refused), "TOO_MANY_REPORTS");
  EXPECT_FALSE(visitors[2]->ended.HasBeenNotified());
  EXPECT_THAT(taken, IsOk());
  visitors[1]->ended.WaitForNotification();
  visitors[3]->ended.WaitForNotification();
}

TEST(PendingCountTest, CountsOverPagesAndOfOneAgent) {
  MemoryStore store(1000);
  Transaction transaction;
  for (int i = 0; i < 1203; ++i) {
    transaction.approvals.push_back(
        MakeApproval(absl::StrCat("a", 1000 + i), Approval::STATE_PENDING, 1));
  }
  transaction.approvals.back().approval.set_agent("bob");
  transaction.approvals.push_back(
      MakeApproval("a9", Approval::STATE_APPROVED, 1));
  ASSERT_THAT(StoreCaller(store).Commit(transaction), IsOk());

  absl::StatusOr<std::uint32_t> all;
  absl::StatusOr<std::uint32_t> bobs;
  CountPending(store, "", [&](auto count) { all = count; });
  CountPending(store, "bob", [&](auto count) { bobs = count; });

  EXPECT_EQ(all.value(), 1203U);
  EXPECT_EQ(bobs.value(), 1U);
}

}  // namespace
}  // namespace airlock::policy
