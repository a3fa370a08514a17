// A real runner without a client in between: a test says any frame it likes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/runner.pb.h"
#include "services/executor/sandbox/frame_codec.h"
#include "tests/support/pipe_byte_stream.h"

namespace airlock::runner {

// Collects what the runner says. Thread-safe.
class FrameCollector final : public executor::ByteStreamObserver {
 public:
  void OnData(absl::string_view data) override {
    absl::MutexLock lock(&mutex_);
    status_.Update(decoder_.Feed(data, [this](const v1::FromRunner& message) {
      mutex_.AssertHeld();
      messages_.push_back(message);
      return absl::OkStatus();
    }));
  }
  void OnDiagnostic(absl::string_view text) override {
    absl::MutexLock lock(&mutex_);
    complaints_.append(text.data(), text.size());
  }
  void OnClosed(const absl::Status& /*status*/) override {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  // The first frame of this kind, or nothing if none came in time.
  std::optional<v1::FromRunner> Wait(v1::FromRunner::FrameCase kind) {
    absl::MutexLock lock(&mutex_);
    const auto there = [this, kind]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return closed_ || Find(kind) != nullptr;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(20));
    const v1::FromRunner* message = Find(kind);
    if (message == nullptr) return std::nullopt;
    return *message;
  }

  std::string complaints() const {
    absl::MutexLock lock(&mutex_);
    return complaints_;
  }

 private:
  const v1::FromRunner* Find(v1::FromRunner::FrameCase kind) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    for (const v1::FromRunner& message : messages_) {
      if (message.frame_case() == kind) return &message;
    }
    return nullptr;
  }

  mutable absl::Mutex mutex_;
  executor::FrameDecoder decoder_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::FromRunner> messages_ ABSL_GUARDED_BY(mutex_);
  std::string complaints_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

// The runner and what it said so far.
class RawRunner {
 public:
  // Starts one in `workspace`. Aborts when there is none to start.
  explicit RawRunner(const std::string& workspace)
      : stream_(*PipeByteStream::StartInNamespace(
            {AIRLOCK_RUNNER, "--workspace", workspace}, {})),
        frames_(std::make_shared<FrameCollector>()) {
    stream_->Start(frames_);
  }

  void Send(const v1::ToRunner& message) {
    std::string frame;
    executor::AppendFrame(message, frame).IgnoreError();
    stream_->Write(std::move(frame));
  }

  void Configure(std::uint32_t silence_timeout_ms = 0) {
    v1::ToRunner message;
    message.mutable_configure()->set_protocol_version(1);
    message.mutable_configure()->set_silence_timeout_ms(silence_timeout_ms);
    Send(message);
  }

  void Prepare(std::uint64_t process, const std::vector<std::string>& argv) {
    v1::ToRunner message;
    message.mutable_prepare()->set_process(process);
    for (const std::string& text : argv) {
      message.mutable_prepare()->add_argv(text);
    }
    message.mutable_prepare()->set_timeout_ms(60'000);
    message.mutable_prepare()->set_output_credit_bytes(65'536);
    Send(message);
  }

  void Begin(std::uint64_t process) {
    v1::ToRunner message;
    message.mutable_start()->set_process(process);
    Send(message);
  }

  PipeByteStream& stream() { return *stream_; }
  FrameCollector& frames() { return *frames_; }

 private:
  const std::unique_ptr<PipeByteStream> stream_;
  const std::shared_ptr<FrameCollector> frames_;
};

}  // namespace airlock::runner
