// A warm pool among others: bounds, failures and the end.
#include <set>
#include <thread>

#include "services/executor/sandbox/warm_pool.h"
#include "tests/unit/executor/sandbox/warm_pool_fixture.h"

namespace airlock::executor {
namespace {

using WarmPoolRoomTest = WarmPoolTest;

TEST_F(WarmPoolRoomTest, TakesNoMoreThanTheQuota) {
  Make({Target(4)}, /*limit=*/2);

  SayUp();
  pool_->AwaitFirstFill(kWait);
  pool_->Tick();

  EXPECT_EQ(pool_->ready(), 2U);
  EXPECT_EQ(quota_->taken(), 2U);
}

TEST_F(WarmPoolRoomTest, OldestGoesForWhoNeedsASandboxNow) {
  WarmTarget other = Target(1);
  other.spec.pids = 99;
  Make({Target(1), other}, /*limit=*/2);
  backend_.FailNextCreate(absl::UnavailableError("a moment"));
  SayUp();
  pool_->AwaitFirstFill(kWait);
  ASSERT_TRUE(AwaitReady(1));
  TickAfter(absl::Seconds(1));
  ASSERT_TRUE(AwaitReady(2));
  const std::uint32_t oldest = backend_.created_specs().front().pids;

  EXPECT_THAT(CreateCold(), IsOk());

  EXPECT_EQ(pool_->ready(), 1U);
  EXPECT_EQ(pool_->Claim(oldest == 99 ? other.spec : Spec()), nullptr);
}

TEST_F(WarmPoolRoomTest, YieldsWhileSomebodyWaitsForASandbox) {
  Fill({Target(1)});
  const auto claimed = pool_->Claim(Spec());
  const SandboxQuota::Demand demand(*quota_);

  pool_->Tick();
  TickAfter(absl::Milliseconds(1900));

  EXPECT_FALSE(backend_.WaitForLiveSandboxes(2, absl::Milliseconds(20)));
}

TEST_F(WarmPoolRoomTest, DoesNotYieldForEver) {
  Fill({Target(2)});
  const auto first = pool_->Claim(Spec());
  const auto second = pool_->Claim(Spec());
  const SandboxQuota::Demand demand(*quota_);
  pool_->Tick();

  TickAfter(absl::Milliseconds(2100));
  EXPECT_TRUE(AwaitReady(1));
  TickAfter(absl::Milliseconds(1900));
  EXPECT_EQ(pool_->ready(), 1U) << "one each time";

  TickAfter(absl::Milliseconds(200));
  EXPECT_TRUE(AwaitReady(2));
}

TEST_F(WarmPoolRoomTest, FailingCreatesAreTriedLessAndLessOften) {
  Make({Target(1)});
  backend_.FailCreates(absl::UnavailableError("engine is in trouble"));
  SayUp();
  pool_->AwaitFirstFill(kWait);
  ASSERT_TRUE(Await([this] { return quota_->taken() == 0; }));
  EXPECT_EQ(backend_.failed_creates(), 1);
  EXPECT_EQ(troubles_, 1);

  // At 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 and then every 30 s.
  for (int i = 0; i < 120 * 5; ++i) {
    TickAfter(absl::Milliseconds(200));
    ASSERT_TRUE(Await([this] { return quota_->taken() == 0; }));
  }

  EXPECT_GE(backend_.failed_creates(), 7);
  EXPECT_LE(backend_.failed_creates(), 10);
}

TEST_F(WarmPoolRoomTest, SandboxesThatDoNotLastAreMadeLessAndLessOften) {
  Fill({Target(1)});

  for (int i = 0; i < 60 * 5; ++i) {
    backend_.LoseSandboxes();
    TickAfter(absl::Milliseconds(200));
    ASSERT_TRUE(Await([this] { return quota_->taken() == pool_->ready(); }));
  }
  EXPECT_GE(made(), 6U);
  EXPECT_LE(made(), 9U);

  TickAfter(absl::Minutes(1));
  ASSERT_TRUE(AwaitReady(1));
  const std::size_t before = made();
  TickAfter(absl::Seconds(6));
  backend_.LoseSandboxes();
  pool_->Tick();
  EXPECT_TRUE(Await([&] { return made() == before + 1; }))
      << "the last one lasted";
}

TEST_F(WarmPoolRoomTest, ImageThatIsMissingIsNoTroubleAndMadeOnceItIsThere) {
  Make({Target(1)});
  backend_.FailCreates(absl::NotFoundError("no such image"));
  SayUp();
  pool_->AwaitFirstFill(kWait);
  EXPECT_EQ(pool_->ready(), 0U);
  EXPECT_EQ(troubles_, 0);

  backend_.FailCreates(absl::OkStatus());
  SayUp();

  EXPECT_TRUE(AwaitReady(1)) << "news of the backend end the wait";
}

TEST_F(WarmPoolRoomTest, NothingIsMadeWhileTheBackendIsDown) {
  Fill({Target(2)});
  SayDown();
  backend_.LoseSandboxes();

  TickAfter(absl::Minutes(1));
  EXPECT_EQ(pool_->ready(), 0U) << "what is dead goes";
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
  EXPECT_EQ(made(), 2U);

  SayUp();
  EXPECT_TRUE(AwaitReady(2));
}

TEST_F(WarmPoolRoomTest, SandboxThatCannotBeRemovedKeepsItsSlot) {
  Fill({Target(1)}, /*limit=*/1);
  TickAfter(absl::Seconds(5));
  backend_.FailNextDestroys(1000);

  backend_.LoseSandboxes();
  pool_->Tick();
  pool_->Tick();
  EXPECT_EQ(quota_->taken(), 1U);
  EXPECT_EQ(made(), 1U);

  backend_.FailNextDestroys(0);
  EXPECT_TRUE(Await([this] {
    reaper_.Sweep();
    pool_->Tick();
    return pool_->ready() == 1;
  }));
}

TEST_F(WarmPoolRoomTest, CloseLeavesNothing) {
  Fill({Target(3)});

  pool_->Close();

  EXPECT_TRUE(pool_->AwaitEmpty(absl::Now() + kWait));
  EXPECT_EQ(backend_.live_sandboxes(), 0);
  EXPECT_EQ(quota_->taken(), 0U);
  pool_->Tick();
  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
  EXPECT_EQ(made(), 3U);
}

TEST_F(WarmPoolRoomTest, WhatIsBeingMadeWhenItClosesIsNotLeftEither) {
  backend_.HoldCreates(true);
  Make({Target(2)});
  SayUp();
  ASSERT_TRUE(backend_.WaitForCreating(1, kWait));

  pool_->Close();
  EXPECT_FALSE(pool_->AwaitEmpty(absl::Now() + absl::Milliseconds(20)));
  backend_.HoldCreates(false);

  EXPECT_TRUE(pool_->AwaitEmpty(absl::Now() + kWait));
  EXPECT_EQ(made(), 1U);
  EXPECT_EQ(backend_.live_sandboxes(), 0);
}

TEST_F(WarmPoolRoomTest, ClaimsUnderLoadGiveEachSandboxOnce) {
  Fill({Target(4)}, /*limit=*/100);
  absl::Mutex mutex;
  std::set<Sandbox*> seen;
  std::vector<std::unique_ptr<Sandbox>> kept;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        auto claimed = pool_->Claim(Spec());
        pool_->Tick();
        if (claimed == nullptr) continue;
        absl::MutexLock lock(&mutex);
        EXPECT_TRUE(seen.insert(claimed.get()).second);
        kept.push_back(std::move(claimed));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_GE(kept.size(), 4U);
  EXPECT_LE(quota_->taken(), 100U);
}

}  // namespace
}  // namespace airlock::executor
