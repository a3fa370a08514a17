#include "services/policy/dispatch/fair_queue.h"

#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

TEST(FairQueueTest, AgentsTakeTurns) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("ada", "a2");
  queue.PushBack("bob", "b1");

  EXPECT_EQ(queue.Pop(), "a1");
  EXPECT_EQ(queue.Pop(), "b1");
  EXPECT_EQ(queue.Pop(), "a2");
  EXPECT_EQ(queue.Pop(), "");
}

TEST(FairQueueTest, WhatComesBackGoesFirst) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a2");
  queue.PushFront("ada", "a1");

  EXPECT_EQ(queue.Pop(), "a1");
}

TEST(FairQueueTest, RemovedIsGone) {
  FairQueue queue({10, 10});
  queue.PushBack("ada", "a1");
  queue.PushBack("bob", "b1");

  EXPECT_TRUE(queue.Remove("ada", "a1"));
  EXPECT_FALSE(queue.Remove("ada", "a1"));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.Pop(), "b1");
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

}  // namespace
}  // namespace airlock::policy
