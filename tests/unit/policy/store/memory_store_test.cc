#include "services/policy/store/memory/memory_store.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Execution;

class MemoryStoreTest : public testing::Test {
 protected:
  absl::Status Put(const std::string& id, Execution::State state) {
    ExecutionRecord record;
    record.execution.set_id(id);
    record.execution.set_agent("ada");
    record.execution.set_request_id("request-of-" + id);
    record.execution.set_state(state);
    absl::Status result;
    store_.Put(record, [&](absl::Status status) { result = status; });
    return result;
  }
  std::optional<ExecutionRecord> Find(const std::string& id) {
    std::optional<ExecutionRecord> result;
    store_.Find(id, [&](auto record) { result = *std::move(record); });
    return result;
  }

  MemoryStore store_{2};
};

TEST_F(MemoryStoreTest, FinalStateNeverChanges) {
  EXPECT_THAT(Put("e1", Execution::STATE_RUNNING), IsOk());
  EXPECT_THAT(Put("e1", Execution::STATE_FINISHED), IsOk());

  EXPECT_THAT(Put("e1", Execution::STATE_CANCELLED),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Find("e1")->execution.state(), Execution::STATE_FINISHED);
}

TEST_F(MemoryStoreTest, ForgetsTheOldestEndedFirst) {
  ASSERT_THAT(Put("e1", Execution::STATE_RUNNING), IsOk());
  ASSERT_THAT(Put("e2", Execution::STATE_FINISHED), IsOk());
  ASSERT_THAT(Put("e3", Execution::STATE_FINISHED), IsOk());

  EXPECT_TRUE(Find("e1").has_value());
  EXPECT_FALSE(Find("e2").has_value());
  EXPECT_TRUE(Find("e3").has_value());
}

TEST_F(MemoryStoreTest, FindsByTheRequest) {
  ASSERT_THAT(Put("e1", Execution::STATE_RUNNING), IsOk());
  std::optional<ExecutionRecord> found;
  store_.FindRequest("ada", "request-of-e1",
                     [&](auto record) { found = *std::move(record); });
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->execution.id(), "e1");

  store_.FindRequest("bob", "request-of-e1",
                     [&](auto record) { found = *std::move(record); });
  EXPECT_FALSE(found.has_value());
}

}  // namespace
}  // namespace airlock::policy
