// A warm pool over a fake backend and a fake clock.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "services/executor/sandbox/bounded_backend.h"
#include "services/executor/sandbox/warm_pool.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {

inline constexpr absl::Duration kWait = absl::Seconds(10);
inline constexpr const char* kReference = "airlock/sandbox:latest";

class WarmPoolTest : public testing::Test {
 protected:
  ~WarmPoolTest() override { backend_.HoldCreates(false); }

  static SandboxSpec Spec() {
    SandboxSpec spec;
    spec.image = kReference;
    spec.memory_bytes = 1 << 26;
    spec.cpu_millis = 1000;
    spec.pids = 16;
    spec.workspace_bytes = 1 << 20;
    spec.tmp_bytes = 1 << 20;
    spec.inodes = 64;
    spec.user = "65534:65534";
    return spec;
  }
  static WarmTarget Target(std::size_t size = 2) {
    return {.spec = Spec(),
            .size = size,
            .refill = 1,
            .max_age = absl::Minutes(30)};
  }

  // A pool whose backend is not up yet.
  void Make(const std::vector<WarmTarget>& targets, std::size_t limit = 8) {
    quota_ = std::make_unique<SandboxQuota>(limit);
    pool_ = std::make_unique<WarmPool>(
        targets,
        WarmPoolServices{.backend = backend_,
                         .quota = *quota_,
                         .reaper = reaper_,
                         .clock = clock_,
                         .metrics = metrics_,
                         .on_backend_trouble = [this] { ++troubles_; }});
  }
  // As the monitor says it.
  void SayUp() { pool_->SetBackend(true, *backend_.ListImages({})); }
  void SayDown() { pool_->SetBackend(false, {}); }
  // A pool that is full.
  void Fill(const std::vector<WarmTarget>& targets, std::size_t limit = 8) {
    Make(targets, limit);
    SayUp();
    pool_->AwaitFirstFill(kWait);
    ASSERT_EQ(pool_->ready(), pool_->target());
  }
  void TickAfter(absl::Duration duration) {
    clock_.Advance(duration);
    pool_->Tick();
  }

  static bool Await(const std::function<bool()>& reached) {
    for (const absl::Time end = absl::Now() + kWait; absl::Now() < end;) {
      if (reached()) return true;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return false;
  }
  bool AwaitReady(std::size_t count) {
    return Await([this, count] { return pool_->ready() == count; });
  }
  std::size_t made() const { return backend_.created_specs().size(); }

  // A sandbox as a job gets it where none waits.
  absl::StatusOr<std::unique_ptr<Sandbox>> CreateCold() {
    BoundedBackend bounded(backend_, *quota_, [this] { pool_->MakeRoom(); });
    return bounded.Create(Spec(), "e1", absl::Now() + kWait, nullptr);
  }

  FakeClock clock_;
  prometheus::Registry registry_;
  ExecutorMetrics metrics_{registry_};
  FakeSandboxBackend backend_;
  std::unique_ptr<SandboxQuota> quota_;
  SandboxReaper reaper_{2, 16, metrics_};
  std::atomic<int> troubles_ = 0;
  std::unique_ptr<WarmPool> pool_;
};

}  // namespace airlock::executor
