#include "services/executor/sandbox/sandbox_quota.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/sandbox/bounded_backend.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kWait = absl::Seconds(10);

SandboxSpec SmallSpec() {
  SandboxSpec spec;
  spec.image = "airlock/sandbox:latest";
  spec.memory_bytes = 1 << 26;
  spec.cpu_millis = 1000;
  spec.pids = 16;
  spec.workspace_bytes = 1 << 20;
  spec.tmp_bytes = 1 << 20;
  spec.inodes = 64;
  spec.user = "65534:65534";
  return spec;
}

class BoundedBackendTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      absl::Duration room_wait = kWait) {
    BoundedBackend backend(
        backend_, quota_, [this] { ++asked_for_room_; }, room_wait);
    return backend.Create(SmallSpec(), "e1", absl::Now() + kWait, nullptr);
  }

  FakeSandboxBackend backend_;
  SandboxQuota quota_{2};
  std::atomic<int> asked_for_room_ = 0;
};

TEST_F(BoundedBackendTest, SandboxIsCountedUntilItIsDestroyed) {
  auto sandbox = Create();
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_EQ(quota_.taken(), 1U);

  ASSERT_THAT((*sandbox)->Destroy(absl::Now() + kWait), IsOk());

  EXPECT_EQ(quota_.taken(), 0U);
}

TEST_F(BoundedBackendTest, SandboxThatCannotBeRemovedIsStillCounted) {
  auto sandbox = Create();
  ASSERT_THAT(sandbox, IsOk());
  backend_.FailNextDestroys(1);

  EXPECT_FALSE((*sandbox)->Destroy(absl::Now() + kWait).ok());
  EXPECT_EQ(quota_.taken(), 1U);

  EXPECT_THAT((*sandbox)->Destroy(absl::Now() + kWait), IsOk());
  EXPECT_THAT((*sandbox)->Destroy(absl::Now() + kWait), IsOk());
  EXPECT_EQ(quota_.taken(), 0U) << "once";
}

TEST_F(BoundedBackendTest, SandboxThatCouldNotBeMadeIsNotCounted) {
  backend_.FailNextCreate(absl::UnavailableError("engine is down"));

  EXPECT_THAT(Create(), StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(quota_.taken(), 0U);
}

TEST_F(BoundedBackendTest, NoMoreThanTheLimit) {
  const auto first = Create();
  const auto second = Create();

  const auto third = Create(/*room_wait=*/absl::ZeroDuration());

  EXPECT_THAT(third, StatusIs(absl::StatusCode::kResourceExhausted,
                              testing::HasSubstr("2 sandboxes")));
  EXPECT_EQ(ErrorReason(third.status()), "SANDBOX_LIMIT");
  EXPECT_EQ(backend_.live_sandboxes(), 2);
  EXPECT_EQ(asked_for_room_, 1);
}

TEST_F(BoundedBackendTest, WaitsForRoom) {
  auto first = Create();
  const auto second = Create();
  std::thread later([&] {
    while (asked_for_room_ == 0) std::this_thread::yield();
    EXPECT_THAT((*first)->Destroy(absl::Now() + kWait), IsOk());
  });

  EXPECT_THAT(Create(), IsOk());

  later.join();
}

TEST(SandboxQuotaTest, RoomGoesToWhoNeedsItNow) {
  SandboxQuota quota(1);
  auto held = quota.TryTake();
  ASSERT_TRUE(held.has_value());

  {
    const auto needed = quota.Take(absl::Now() + kWait, [&] {
      held.reset();
      EXPECT_FALSE(quota.TryTake().has_value()) << "somebody waits for it";
    });
    EXPECT_THAT(needed, IsOk());
  }

  EXPECT_TRUE(quota.TryTake().has_value());
}

TEST(SandboxQuotaTest, DemandIsSeenWhileItLasts) {
  SandboxQuota quota(1);
  {
    const SandboxQuota::Demand demand(quota);
    EXPECT_TRUE(quota.in_demand());
  }
  EXPECT_FALSE(quota.in_demand());
}

}  // namespace
}  // namespace airlock::executor
