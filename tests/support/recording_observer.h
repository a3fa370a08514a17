// A ProcessObserver that remembers, and lets a test wait.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock {

// Keeps output (or only counts it) and how the process ended. Thread-safe.
class RecordingObserver final : public executor::ProcessObserver {
 public:
  // Keeps at most `kept_bytes` of each stream.
  explicit RecordingObserver(std::size_t kept_bytes = 16 * 1024 * 1024)
      : kept_bytes_(kept_bytes) {}

  // Called with all output bytes so far after each piece. Set before the run.
  void OnEachOutput(std::function<void(std::uint64_t total)> function) {
    on_each_output_ = std::move(function);
  }

  void OnStarted() override {
    absl::MutexLock lock(&mutex_);
    ++starts_;
  }

  void OnOutput(executor::Stream stream, absl::string_view data) override {
    std::uint64_t total = 0;
    {
      absl::MutexLock lock(&mutex_);
      std::string& kept = stream == executor::Stream::kStdout ? out_ : err_;
      kept.append(data.data(),
                  std::min(data.size(), kept_bytes_ - kept.size()));
      total = total_ += data.size();
    }
    if (on_each_output_) on_each_output_(total);
  }

  void OnInputCredit(std::uint64_t limit_bytes) override {
    absl::MutexLock lock(&mutex_);
    input_credit_ = limit_bytes;
  }

  void OnEnded(const executor::ProcessEnd& end) override {
    absl::MutexLock lock(&mutex_);
    ++ends_;
    end_ = end;
  }

  // The end, or nothing when it did not come within `limit`.
  std::optional<executor::ProcessEnd> WaitEnd(
      absl::Duration limit = absl::Seconds(20)) {
    absl::MutexLock lock(&mutex_);
    const auto ended = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return end_.has_value();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&ended), limit);
    return end_;
  }

  // Whether standard output held `text` within `limit`.
  bool WaitOutput(const std::string& text,
                  absl::Duration limit = absl::Seconds(20)) {
    absl::MutexLock lock(&mutex_);
    const auto seen = [this, &text]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return out_.find(text) != std::string::npos;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&seen), limit);
  }

  std::string out() const {
    absl::MutexLock lock(&mutex_);
    return out_;
  }
  std::string err() const {
    absl::MutexLock lock(&mutex_);
    return err_;
  }
  std::uint64_t total() const {
    absl::MutexLock lock(&mutex_);
    return total_;
  }
  int starts() const {
    absl::MutexLock lock(&mutex_);
    return starts_;
  }
  // The last OnInputCredit(); 0: none came.
  std::uint64_t input_credit() const {
    absl::MutexLock lock(&mutex_);
    return input_credit_;
  }
  int ends() const {
    absl::MutexLock lock(&mutex_);
    return ends_;
  }

 private:
  const std::size_t kept_bytes_;
  std::function<void(std::uint64_t)> on_each_output_;
  mutable absl::Mutex mutex_;
  std::string out_ ABSL_GUARDED_BY(mutex_);
  std::string err_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  int starts_ ABSL_GUARDED_BY(mutex_) = 0;
  int ends_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t input_credit_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<executor::ProcessEnd> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
