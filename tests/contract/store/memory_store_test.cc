#include "services/policy/store/memory/memory_store.h"

#include <gmock/gmock.h>

#include "absl/time/clock.h"
#include "tests/contract/store/store_facts.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using testing::ElementsAre;

StoreMaker InMemory() {
  return [](std::size_t max_kept) {
    return std::make_unique<MemoryStore>(max_kept);
  };
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreFacts, testing::Values(InMemory));

TEST(MemoryStoreTest, OldestEndedGoHoweverYoungTheyAre) {
  MemoryStore store(2);
  StoreCaller caller(store);
  for (const char* id : {"e1", "e2", "e3"}) {
    ASSERT_THAT(caller.Put(MakeEnded(id, absl::Now())), IsOk());
  }

  EXPECT_THAT(IdsOf(*caller.List({})), ElementsAre("e3", "e2"));
  EXPECT_FALSE(caller.FindRequest("ada", "request-of-e1")->has_value());
}

TEST(MemoryStoreTest, AuditIsBoundedAndItsChainGoesOn) {
  MemoryStore store(1);
  StoreCaller caller(store);
  for (int i = 0; i < 12; ++i) {
    ASSERT_THAT(caller.Put(MakeEntry("a")), IsOk());
  }

  const auto kept = caller.ReadAudit(1, 100);
  ASSERT_EQ(kept->size(), 10U);
  airlock::v1::AuditRecord first;
  ASSERT_TRUE(first.ParseFromString(kept->front().record()));
  EXPECT_EQ(first.sequence(), 3U);
  EXPECT_EQ(caller.GetAuditHead()->sequence, 12U);
  AuditQuery query;
  query.page_size = 4;
  EXPECT_EQ(caller.ListAudit(query)->next_page_token, "9");
}

}  // namespace
}  // namespace airlock::policy
