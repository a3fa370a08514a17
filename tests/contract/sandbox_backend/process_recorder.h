// Remembers what a process did.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock {

// Thread-safe.
class ProcessRecorder final : public executor::ProcessObserver {
 public:
  void OnStarted() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnOutput(executor::Stream stream, absl::string_view data) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void OnInputCredit(std::uint64_t limit_bytes) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void OnEnded(const executor::ProcessEnd& end) override
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Block; false when `timeout` passes first.
  bool WaitStarted(absl::Duration timeout = absl::Seconds(30)) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitOutput(std::size_t bytes,
                  absl::Duration timeout = absl::Seconds(30)) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Fails the test when it does not come.
  executor::ProcessEnd WaitEnded(absl::Duration timeout = absl::Seconds(
                                     60)) const ABSL_LOCKS_EXCLUDED(mutex_);

  std::string standard_output() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::string standard_error() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of both streams.
  std::size_t output_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  int ends() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The last OnInputCredit(); 0: none came.
  std::uint64_t input_credit() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  std::string output_ ABSL_GUARDED_BY(mutex_);
  std::string error_ ABSL_GUARDED_BY(mutex_);
  int ends_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t input_credit_ ABSL_GUARDED_BY(mutex_) = 0;
  executor::ProcessEnd end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
