#include "services/policy/dispatch/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using Answer = FairQueue::Answer;
using testing::ElementsAre;
using testing::IsEmpty;

// What is taken in one go, but those of `passed`, and `most` at most.
std::vector<std::string> Take(FairQueue& queue,
                              const std::set<std::string>& passed = {},
                              std::size_t most = 100) {
  std::vector<std::string> taken;
  queue.Offer([&](const std::string& id) {
    if (taken.size() == most) return Answer::kStop;
    if (passed.count(id) > 0) return Answer::kPassed;
    taken.push_back(id);
    return Answer::kTaken;
  });
  return taken;
}

TEST(FairQueueTest, AgentsTakeTurns) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("ada", "a2");
  queue.PushBack("bob", "b1");

  EXPECT_THAT(Take(queue), ElementsAre("a1", "b1", "a2"));
  EXPECT_THAT(Take(queue), IsEmpty());
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FairQueueTest, TurnsGoOnWhereTheyStopped) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("ada", "a2");
  queue.PushBack("bob", "b1");

  EXPECT_THAT(Take(queue, {}, 1), ElementsAre("a1"));
  EXPECT_THAT(Take(queue, {}, 1), ElementsAre("b1"));
  EXPECT_THAT(Take(queue, {}, 1), ElementsAre("a2"));
}

TEST(FairQueueTest, PassedOverHoldsUpNothingAndKeepsItsPlace) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("ada", "a2");
  queue.PushBack("ada", "a3");
  queue.PushBack("bob", "b1");

  EXPECT_THAT(Take(queue, {"a1"}), ElementsAre("a2", "b1", "a3"));
  queue.PushBack("ada", "a4");
  EXPECT_THAT(Take(queue), ElementsAre("a1", "a4"));
}

TEST(FairQueueTest, PassedOverCostsNoTurn) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("bob", "b1");
  queue.PushBack("bob", "b2");

  EXPECT_THAT(Take(queue, {"a1", "b1", "b2"}), IsEmpty());
  EXPECT_THAT(Take(queue), ElementsAre("a1", "b1", "b2"));
}

TEST(FairQueueTest, WhatComesBackGoesFirst) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a2");
  queue.PushFront("ada", "a1");

  EXPECT_THAT(Take(queue), ElementsAre("a1", "a2"));
}

TEST(FairQueueTest, RemovedIsGone) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("bob", "b1");

  EXPECT_TRUE(queue.Remove("ada", "a1"));
  EXPECT_FALSE(queue.Remove("ada", "a1"));
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_THAT(Take(queue), ElementsAre("b1"));
}

TEST(FairQueueTest, BoundsAreForAllAndForEach) {
  FairQueue queue({3, 2});
  queue.PushBack("ada", "a1");
  queue.PushBack("ada", "a2");

  EXPECT_THAT(queue.CheckRoom("ada"),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(queue.CheckRoom("bob"), IsOk());
  queue.PushBack("bob", "b1");
  EXPECT_THAT(queue.CheckRoom("eve"),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(FairQueueTest, OrderGoesRoundByRound) {
  FairQueue queue({10, 10});
  EXPECT_TRUE(queue.InOrder().empty());
  for (const char* id : {"a1", "a2", "a3"}) queue.PushBack("ada", id);
  queue.PushBack("bob", "b1");
  for (const char* id : {"c1", "c2"}) queue.PushBack("cid", id);

  EXPECT_EQ(queue.InOrder(),
            (std::vector<std::string>{"a1", "b1", "c1", "a2", "c2", "a3"}));
  EXPECT_EQ(queue.size(), 6U);
}

}  // namespace
}  // namespace airlock::policy
