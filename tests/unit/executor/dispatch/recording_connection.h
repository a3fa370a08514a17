// A policy that only listens.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/dispatch/policy_connection.h"

namespace airlock::executor {

// Keeps every message in the order it came. Thread-safe.
class RecordingConnection final : public PolicyConnection {
 public:
  using Message = internal::v1::ConnectRequest;
  using Matches = std::function<bool(const Message&)>;

  void Send(Message message) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    messages_.push_back(std::move(message));
  }

  // The first message that matches, waiting for it; nothing if none comes.
  std::optional<Message> Await(const Matches& matches,
                               absl::Duration timeout = absl::Seconds(10))
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::optional<Message> found;
    const auto look = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      for (const Message& message : messages_) {
        if (!matches(message)) continue;
        found = message;
        return true;
      }
      return false;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&look), timeout);
    return found;
  }

  std::vector<Message> messages() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return messages_;
  }

  // What a stream received, put together by offset.
  std::string Output(airlock::v1::OutputStream stream) const {
    std::string text;
    for (const Message& message : messages()) {
      const airlock::v1::OutputChunk& chunk = message.output().chunk();
      if (!message.has_output() || chunk.stream() != stream) continue;
      if (text.size() < chunk.offset() + chunk.data().size()) {
        text.resize(chunk.offset() + chunk.data().size(), '?');
      }
      text.replace(chunk.offset(), chunk.data().size(), chunk.data());
    }
    return text;
  }

  // The sum of all StartCredits.
  std::size_t credits() const {
    std::size_t sum = 0;
    for (const Message& message : messages()) {
      sum += message.start_credit().starts();
    }
    return sum;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Message> messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::executor
