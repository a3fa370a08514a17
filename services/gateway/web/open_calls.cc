#include "services/gateway/web/open_calls.h"

#include <utility>

namespace airlock::gateway {

std::shared_ptr<void> OpenCalls::Enter(std::function<void()> cancel) {
  absl::MutexLock lock(&mutex_);
  const std::uint64_t number = next_++;
  open_.emplace(number, std::move(cancel));
  return {static_cast<void*>(this), [this, number](void*) { Leave(number); }};
}

void OpenCalls::End() {
  std::map<std::uint64_t, std::function<void()>> open;
  {
    absl::MutexLock lock(&mutex_);
    open = open_;
  }
  for (const auto& [number, cancel] : open) cancel();
  open.clear();
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return open_.empty();
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&none));
}

void OpenCalls::Leave(std::uint64_t number) {
  std::function<void()> cancel;
  absl::MutexLock lock(&mutex_);
  const auto it = open_.find(number);
  // Destroyed after the lock is given back: it may hold the call.
  cancel = std::move(it->second);
  open_.erase(it);
}

}  // namespace airlock::gateway
