#include "services/executor/dispatch/backend_monitor.h"

#include <gtest/gtest.h>

#include "tests/support/fake_sandbox_backend.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kWait = absl::Seconds(10);

class BackendMonitorTest : public testing::Test {
 protected:
  void Watch() {
    BackendMonitorOptions options;
    options.interval = absl::Milliseconds(5);
    options.untried_interval = absl::Milliseconds(5);
    options.first_retry = absl::Milliseconds(1);
    options.last_retry = absl::Milliseconds(5);
    monitor_ = std::make_unique<BackendMonitor>(
        backend_, metrics_, [this](absl::Time) { return TryLimits(); },
        [this](bool up, const std::vector<BackendImage>& images) {
          absl::MutexLock lock(&mutex_);
          told_.push_back(up);
          images_ = images;
        },
        options);
    monitor_->Start();
  }
  bool AwaitTold(const std::vector<bool>& expected) {
    const auto reached = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return told_ == expected;
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&reached), kWait);
  }

  absl::Status TryLimits() {
    absl::MutexLock lock(&mutex_);
    ++trials_;
    return limits_;
  }
  void SetLimits(absl::Status limits) {
    absl::MutexLock lock(&mutex_);
    limits_ = std::move(limits);
  }
  bool AwaitTrials(int count) {
    const auto reached = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return trials_ >= count;
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&reached), kWait);
  }

  FakeSandboxBackend backend_;
  prometheus::Registry registry_;
  ExecutorMetrics metrics_{registry_};
  absl::Mutex mutex_;
  absl::Status limits_ ABSL_GUARDED_BY(mutex_);
  int trials_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<bool> told_ ABSL_GUARDED_BY(mutex_);
  std::vector<BackendImage> images_ ABSL_GUARDED_BY(mutex_);
  // Last: its thread uses the rest.
  std::unique_ptr<BackendMonitor> monitor_;
};

TEST_F(BackendMonitorTest, LeftoversAreGoneBeforeItSaysUp) {
  backend_.SetLeftovers(2);

  Watch();

  ASSERT_TRUE(AwaitTold({true}));
  EXPECT_EQ(*backend_.RemoveLeftovers(absl::Now()), 0);
  absl::MutexLock lock(&mutex_);
  ASSERT_EQ(images_.size(), 1U);
}

TEST_F(BackendMonitorTest, LeftoversThatAppearLaterAreRemovedToo) {
  Watch();
  ASSERT_TRUE(AwaitTold({true}));

  backend_.SetLeftovers(1);

  EXPECT_TRUE(backend_.WaitForNoLeftovers(kWait));
}

TEST_F(BackendMonitorTest, EngineThatComesLaterIsNoticed) {
  backend_.SetCheck(absl::UnavailableError("no engine"));
  Watch();
  monitor_->AwaitFirstLook(kWait);
  ASSERT_TRUE(AwaitTold({})) << "down is what everybody assumes anyway";

  backend_.SetCheck(absl::OkStatus());

  EXPECT_TRUE(AwaitTold({true}));
}

TEST_F(BackendMonitorTest, EngineThatGoesAndComesBackIsTold) {
  Watch();
  ASSERT_TRUE(AwaitTold({true}));

  backend_.SetCheck(absl::UnavailableError("engine stopped"));
  ASSERT_TRUE(AwaitTold({true, false}));
  backend_.SetCheck(absl::OkStatus());

  EXPECT_TRUE(AwaitTold({true, false, true}));
}

TEST_F(BackendMonitorTest, SuspicionIsLookedIntoAtOnce) {
  BackendMonitorOptions options;
  options.interval = absl::Hours(1);
  monitor_ = std::make_unique<BackendMonitor>(
      backend_, metrics_, [this](absl::Time) { return TryLimits(); },
      [this](bool up, const std::vector<BackendImage>&) {
        absl::MutexLock lock(&mutex_);
        told_.push_back(up);
      },
      options);
  monitor_->Start();
  ASSERT_TRUE(AwaitTold({true}));
  backend_.SetCheck(absl::UnavailableError("engine stopped"));

  monitor_->Suspect();

  EXPECT_TRUE(AwaitTold({true, false}));
}

TEST_F(BackendMonitorTest, LimitsAreTriedOnce) {
  Watch();
  ASSERT_TRUE(AwaitTold({true}));

  // Many looks later.
  backend_.SetLeftovers(1);
  ASSERT_TRUE(backend_.WaitForNoLeftovers(kWait));

  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(trials_, 1);
}

TEST_F(BackendMonitorTest, BackendWhoseLimitsDoNotHoldIsNotUp) {
  SetLimits(absl::FailedPreconditionError("memory does not hold"));
  Watch();
  ASSERT_TRUE(AwaitTrials(3)) << "it is tried again";
  ASSERT_TRUE(AwaitTold({}));

  SetLimits(absl::OkStatus());

  EXPECT_TRUE(AwaitTold({true}));
}

TEST_F(BackendMonitorTest, LimitsAreTriedAgainAfterTheBackendWasDown) {
  Watch();
  ASSERT_TRUE(AwaitTold({true}));
  SetLimits(absl::FailedPreconditionError("memory does not hold"));
  backend_.SetCheck(absl::UnavailableError("engine stopped"));
  ASSERT_TRUE(AwaitTold({true, false}));

  backend_.SetCheck(absl::OkStatus());

  ASSERT_TRUE(AwaitTrials(3));
  EXPECT_TRUE(AwaitTold({true, false}));
}

TEST_F(BackendMonitorTest, MissingImageIsWaitedForWithoutGoingDown) {
  SetLimits(absl::NotFoundError("no such image"));
  Watch();
  ASSERT_TRUE(AwaitTold({true}));
  ASSERT_TRUE(AwaitTrials(3));

  SetLimits(absl::FailedPreconditionError("memory does not hold"));

  EXPECT_TRUE(AwaitTold({true, false})) << "tried as soon as it is there";
}

TEST_F(BackendMonitorTest, TroubleIsKnownWhileThereIsAny) {
  backend_.SetCheck(absl::UnavailableError("no engine"));
  Watch();
  monitor_->AwaitFirstLook(kWait);
  EXPECT_EQ(monitor_->trouble().message(), "no engine");

  backend_.SetCheck(absl::OkStatus());
  ASSERT_TRUE(AwaitTold({true}));
  EXPECT_TRUE(monitor_->trouble().ok());

  backend_.SetCheck(absl::FailedPreconditionError("not clean"));
  ASSERT_TRUE(AwaitTold({true, false}));
  EXPECT_EQ(monitor_->trouble().message(), "not clean");
}

}  // namespace
}  // namespace airlock::executor
