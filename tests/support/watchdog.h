// Ends a test that hangs, and says so.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace airlock {

// As a member of a fixture: a test that is not over after `limit` ends the
// program as failed, with the test's name, after objects with static storage
// were destroyed, so that what a fixture shares is cleaned up.
class Watchdog {
 public:
  explicit Watchdog(absl::Duration limit) {
    const testing::TestInfo* test =
        testing::UnitTest::GetInstance()->current_test_info();
    const std::string name =
        test == nullptr
            ? "a test"
            : std::string(test->test_suite_name()) + "." + test->name();
    thread_ = std::thread([this, name, limit] {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&over_), limit)) return;
      std::cout << "[  FAILED  ] " << name << " hangs: it was not over after "
                << limit << std::endl;
      std::exit(1);
    });
  }
  ~Watchdog() {
    {
      absl::MutexLock lock(&mutex_);
      over_ = true;
    }
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  absl::Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace airlock
