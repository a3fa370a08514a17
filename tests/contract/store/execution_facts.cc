#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/status/error.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Execution;
using testing::ElementsAre;
using testing::IsEmpty;

Transaction TransactionOf(const ExecutionRecord& record) {
  Transaction transaction;
  transaction.executions = {record};
  return transaction;
}

TEST_P(StoreFacts, WhatWasPutIsFoundWhole) {
  const ExecutionRecord put = MakeRecord("e1", Execution::STATE_RUNNING);
  ASSERT_THAT(caller_->Put(put), IsOk());

  const auto by_id = caller_->Find("e1");
  const auto by_request = caller_->FindRequest("ada", "request-of-e1");

  for (const auto& found : {by_id, by_request}) {
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->execution.SerializeAsString(),
              put.execution.SerializeAsString());
    EXPECT_EQ((*found)->request_hash, put.request_hash);
    EXPECT_EQ((*found)->spec, put.spec);
    EXPECT_EQ((*found)->boot_nonce, put.boot_nonce);
    EXPECT_EQ((*found)->fence, put.fence);
    ASSERT_TRUE((*found)->output.has_value());
    EXPECT_EQ((*found)->output->SerializeAsString(),
              put.output->SerializeAsString());
  }
}

TEST_P(StoreFacts, WhatIsNotThereIsNoError) {
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_RUNNING)), IsOk());

  EXPECT_FALSE(caller_->Find("e2")->has_value());
  EXPECT_FALSE(caller_->Find("")->has_value());
  EXPECT_FALSE(caller_->FindRequest("bob", "request-of-e1")->has_value());
  EXPECT_FALSE(caller_->FindRequest("ada", "request-of-e2")->has_value());
}

TEST_P(StoreFacts, EndReplacesStartAndKeepsTheSpec) {
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_RUNNING)), IsOk());
  ExecutionRecord end = MakeRecord("e1", Execution::STATE_FINISHED);
  end.spec.clear();
  ASSERT_THAT(caller_->Put(end), IsOk());

  const auto found = caller_->Find("e1");

  EXPECT_EQ((*found)->execution.state(), Execution::STATE_FINISHED);
  EXPECT_EQ((*found)->spec, MakeRecord("e1", Execution::STATE_RUNNING).spec);
  EXPECT_THAT(IdsOf(*caller_->List({})), ElementsAre("e1"));
}

TEST_P(StoreFacts, OutputThatWasNotPutIsNone) {
  ExecutionRecord record = MakeRecord("e1", Execution::STATE_RUNNING);
  record.output.reset();
  ASSERT_THAT(caller_->Put(record), IsOk());

  EXPECT_FALSE((*caller_->Find("e1"))->output.has_value());
}

TEST_P(StoreFacts, FinalStateNeverChanges) {
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_FINISHED)),
              IsOk());

  const absl::Status again =
      caller_->Put(MakeRecord("e1", Execution::STATE_CANCELLED));

  EXPECT_THAT(again, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(again), "ALREADY_FINAL");
  EXPECT_EQ((*caller_->Find("e1"))->execution.state(),
            Execution::STATE_FINISHED);
}

TEST_P(StoreFacts, OneRequestBecomesOneExecution) {
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_RUNNING)), IsOk());
  ExecutionRecord second = MakeRecord("e2", Execution::STATE_RUNNING);
  second.execution.set_request_id("request-of-e1");

  const absl::Status refused = caller_->Put(second);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused), "REQUEST_ID_USED");
  EXPECT_FALSE(caller_->Find("e2")->has_value());
  second.execution.set_agent("bob");
  EXPECT_THAT(caller_->Put(second), IsOk()) << "it is another agent's request";
}

TEST_P(StoreFacts, ExecutionsWithoutARequestIdAreNotTheSame) {
  for (const char* id : {"e1", "e2"}) {
    ExecutionRecord record = MakeRecord(id, Execution::STATE_RUNNING);
    record.execution.clear_request_id();
    EXPECT_THAT(caller_->Put(record), IsOk());
  }

  EXPECT_FALSE(caller_->FindRequest("ada", "")->has_value());
}

TEST_P(StoreFacts, OneThatIsRefusedCostsTheOthersNothing) {
  ASSERT_THAT(caller_->Put(MakeRecord("e1", Execution::STATE_FINISHED)),
              IsOk());
  absl::BlockingCounter left(3);
  std::vector<absl::Status> results(3);
  const auto put = [&](std::size_t index, const std::string& id) {
    store_->Commit(TransactionOf(MakeRecord(id, Execution::STATE_RUNNING)),
                   [&, index](absl::Status status) {
                     results[index] = std::move(status);
                     left.DecrementCount();
                   });
  };

  put(0, "e2");
  put(1, "e1");
  put(2, "e3");
  left.Wait();

  EXPECT_THAT(results[0], IsOk());
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(results[2], IsOk());
  EXPECT_TRUE(caller_->Find("e3")->has_value());
}

TEST_P(StoreFacts, TransactionsAreAppliedInTheOrderTheyCame) {
  absl::BlockingCounter left(1000);
  const auto put = [&](const std::string& id, Execution::State state) {
    store_->Commit(TransactionOf(MakeRecord(id, state)),
                   [&](const absl::Status& status) {
                     EXPECT_THAT(status, IsOk());
                     left.DecrementCount();
                   });
  };

  for (int i = 0; i < 500; ++i) {
    put(absl::StrCat("e", i), Execution::STATE_RUNNING);
    put(absl::StrCat("e", i), Execution::STATE_FINISHED);
  }
  left.Wait();

  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ((*caller_->Find(absl::StrCat("e", i)))->execution.state(),
              Execution::STATE_FINISHED);
  }
}

TEST_P(StoreFacts, PagesGoFromTheNewestToTheOldest) {
  for (const char* id : {"e1", "e2", "e3", "e4", "e5"}) {
    ASSERT_THAT(caller_->Put(MakeRecord(id, Execution::STATE_FINISHED)),
                IsOk());
  }
  ExecutionQuery query;
  query.page_size = 2;

  const auto first = caller_->List(query);
  query.page_token = first->next_page_token;
  const auto second = caller_->List(query);
  query.page_token = second->next_page_token;
  const auto third = caller_->List(query);

  EXPECT_THAT(IdsOf(*first), ElementsAre("e5", "e4"));
  EXPECT_THAT(IdsOf(*second), ElementsAre("e3", "e2"));
  EXPECT_THAT(IdsOf(*third), ElementsAre("e1"));
  EXPECT_EQ(third->next_page_token, "");
}

TEST_P(StoreFacts, LastFullPageHasNoNext) {
  for (const char* id : {"e1", "e2"}) {
    ASSERT_THAT(caller_->Put(MakeRecord(id, Execution::STATE_FINISHED)),
                IsOk());
  }
  ExecutionQuery query;
  query.page_size = 2;

  EXPECT_EQ(caller_->List(query)->next_page_token, "");
}

TEST_P(StoreFacts, PageTokenThatIsNotOursIsRefused) {
  ExecutionQuery query;
  for (const char* token : {"E1", "e1' --", "e1%", "\xff"}) {
    query.page_token = token;
    EXPECT_THAT(caller_->List(query),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << token;
  }
}

TEST_P(StoreFacts, ListIsOfOneAgentIfAsked) {
  ExecutionRecord bobs = MakeRecord("e1", Execution::STATE_FINISHED);
  bobs.execution.set_agent("bob");
  ASSERT_THAT(caller_->Put(bobs), IsOk());
  ASSERT_THAT(caller_->Put(MakeRecord("e2", Execution::STATE_FINISHED)),
              IsOk());
  ExecutionQuery query;

  query.agent = "bob";
  EXPECT_THAT(IdsOf(*caller_->List(query)), ElementsAre("e1"));
  query.agent = "eve";
  EXPECT_THAT(IdsOf(*caller_->List(query)), IsEmpty());
  query.agent = "' OR 1 --";
  EXPECT_THAT(IdsOf(*caller_->List(query)), IsEmpty());
  query.agent = "";
  EXPECT_THAT(IdsOf(*caller_->List(query)), ElementsAre("e2", "e1"));
}

TEST_P(StoreFacts, ManyThreadsCommitAtOnce) {
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const auto record = MakeRecord(absl::StrCat("e", thread, "-", i),
                                       Execution::STATE_FINISHED);
        if (StoreCaller(*store_).Put(record).ok()) ++stored;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(stored, 400);
  ExecutionQuery query;
  query.page_size = 1000;
  EXPECT_EQ(caller_->List(query)->executions.size(), 400U);
}

TEST_P(StoreFacts, WhatWaitsIsAnsweredBeforeItGoes) {
  std::atomic<int> answered = 0;
  for (int i = 0; i < 500; ++i) {
    store_->Commit(TransactionOf(MakeRecord(absl::StrCat("e", i),
                                            Execution::STATE_RUNNING)),
                   [&](const absl::Status& status) {
                     EXPECT_THAT(status, IsOk());
                     ++answered;
                   });
  }

  caller_.reset();
  store_ = nullptr;

  EXPECT_EQ(answered, 500);
}

}  // namespace
}  // namespace airlock::policy
