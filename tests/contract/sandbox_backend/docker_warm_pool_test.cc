// Sandboxes of a real engine that wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/time/clock.h"
#include "common/time/clock.h"
#include "services/executor/sandbox/bounded_backend.h"
#include "services/executor/sandbox/warm_pool.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::ContainerSummary;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;

class DockerWarmPoolTest : public DockerTest {
 protected:
  void SetUp() override {
    DockerTest::SetUp();
    pool_ = std::make_unique<executor::WarmPool>(
        std::vector<executor::WarmTarget>{
            {.spec = TestSpec(), .size = 2, .max_age = absl::Hours(1)}},
        executor::WarmPoolServices{.backend = *backend_,
                                   .quota = quota_,
                                   .reaper = reaper_,
                                   .clock = clock_,
                                   .metrics = metrics_,
                                   .on_backend_trouble = [] {}});
    SayUp();
    pool_->AwaitFirstFill(absl::Seconds(30));
    ASSERT_EQ(pool_->ready(), 2U);
  }
  void TearDown() override {
    pool_->Close();
    EXPECT_TRUE(pool_->AwaitEmpty(Soon()));
    EXPECT_THAT(Ours(), IsEmpty());
    EXPECT_EQ(quota_.taken(), 0U);
    pool_ = nullptr;
  }

  void SayUp() {
    const auto images = backend_->ListImages(Soon());
    ASSERT_THAT(images, IsOk());
    pool_->SetBackend(true, *images);
  }
  std::vector<ContainerSummary> Ours() {
    auto ours = containers_->ListByLabel(
        "airlock.executor_id=" + options_.executor_id, Soon());
    EXPECT_THAT(ours, IsOk());
    return *std::move(ours);
  }
  // Ticks as the executor does until it comes to that.
  bool TickUntil(const std::function<bool()>& reached) {
    for (const absl::Time end = Soon(); absl::Now() < end;) {
      pool_->Tick();
      if (reached()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }

  SystemClock clock_;
  prometheus::Registry registry_;
  executor::ExecutorMetrics metrics_{registry_};
  executor::SandboxQuota quota_{4};
  executor::SandboxReaper reaper_{2, 16, metrics_};
  std::unique_ptr<executor::WarmPool> pool_;
};

TEST_F(DockerWarmPoolTest, WhatWaitsBelongsToNoExecutionAndHasANameOfItsOwn) {
  const auto ours = Ours();

  ASSERT_THAT(ours, SizeIs(2));
  EXPECT_THAT(ours,
              Each(Field(&ContainerSummary::labels,
                         Not(testing::Contains(Key("airlock.execution_id"))))));
  EXPECT_NE(ours[0].labels.at("airlock.sandbox"),
            ours[1].labels.at("airlock.sandbox"));
}

TEST_F(DockerWarmPoolTest, ClaimedSandboxRunsAndIsReplaced) {
  const auto sandbox = pool_->Claim(TestSpec());
  ASSERT_NE(sandbox, nullptr);

  EXPECT_EQ(RunIn(*sandbox, ShellLine("echo warm")).out, "warm\n");

  EXPECT_TRUE(TickUntil([this] { return pool_->ready() == 2; }));
  EXPECT_THAT(sandbox->Destroy(Soon()), IsOk());
  EXPECT_EQ(quota_.taken(), 2U);
}

TEST_F(DockerWarmPoolTest, ContainerThatIsRemovedFromOutsideIsReplaced) {
  const std::string removed = Ours().front().id;
  ASSERT_THAT(containers_->Remove(removed, Soon()), IsOk());

  EXPECT_TRUE(TickUntil([&] {
    const auto ours = Ours();
    return pool_->ready() == 2 && ours.size() == 2 &&
           ours.front().id != removed && ours.back().id != removed;
  }));
  const auto sandbox = pool_->Claim(TestSpec());
  ASSERT_NE(sandbox, nullptr);
  EXPECT_EQ(RunIn(*sandbox, ShellLine("exit 3")).end.exit_code, 3);
}

TEST_F(DockerWarmPoolTest, WhoNeedsOneNowGetsRoom) {
  executor::BoundedBackend bounded(*backend_, quota_,
                                   [this] { pool_->MakeRoom(); });
  executor::SandboxSpec other = TestSpec();
  other.pids = 20;
  std::vector<std::unique_ptr<executor::Sandbox>> held;
  for (int i = 0; i < 4; ++i) {
    auto created = bounded.Create(other, "e", Soon(), nullptr);
    ASSERT_THAT(created, IsOk());
    held.push_back(*std::move(created));
  }

  EXPECT_EQ(pool_->ready(), 0U);
  EXPECT_THAT(Ours(), SizeIs(4));
}

}  // namespace
}  // namespace airlock
