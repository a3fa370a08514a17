#include "tests/contract/sandbox_backend/process_recorder.h"

#include <gtest/gtest.h>

namespace airlock {

void ProcessRecorder::OnStarted() {
  absl::MutexLock lock(&mutex_);
  EXPECT_FALSE(started_) << "started twice";
  EXPECT_EQ(ends_, 0) << "started after its end";
  started_ = true;
}

void ProcessRecorder::OnOutput(executor::Stream stream,
                               absl::string_view data) {
  absl::MutexLock lock(&mutex_);
  EXPECT_EQ(ends_, 0) << "output after the end";
  std::string& text = stream == executor::Stream::kStdout ? output_ : error_;
  text.append(data.data(), data.size());
}

void ProcessRecorder::OnInputCredit(std::uint64_t limit_bytes) {
  absl::MutexLock lock(&mutex_);
  EXPECT_GT(limit_bytes, input_credit_) << "the credit fell";
  input_credit_ = limit_bytes;
}

void ProcessRecorder::OnEnded(const executor::ProcessEnd& end) {
  absl::MutexLock lock(&mutex_);
  ++ends_;
  EXPECT_EQ(ends_, 1) << "ended twice";
  end_ = end;
}

bool ProcessRecorder::WaitStarted(absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&started_), timeout);
}

bool ProcessRecorder::WaitOutput(std::size_t bytes,
                                 absl::Duration timeout) const {
  const auto enough = [this, bytes]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return output_.size() + error_.size() >= bytes;
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&enough), timeout);
}

executor::ProcessEnd ProcessRecorder::WaitEnded(absl::Duration timeout) const {
  const auto ended = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return ends_ > 0;
  };
  absl::MutexLock lock(&mutex_);
  EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&ended), timeout))
      << "the process did not end";
  return end_;
}

std::string ProcessRecorder::standard_output() const {
  absl::MutexLock lock(&mutex_);
  return output_;
}

std::string ProcessRecorder::standard_error() const {
  absl::MutexLock lock(&mutex_);
  return error_;
}

std::size_t ProcessRecorder::output_bytes() const {
  absl::MutexLock lock(&mutex_);
  return output_.size() + error_.size();
}

std::uint64_t ProcessRecorder::input_credit() const {
  absl::MutexLock lock(&mutex_);
  return input_credit_;
}

int ProcessRecorder::ends() const {
  absl::MutexLock lock(&mutex_);
  return ends_;
}

}  // namespace airlock
