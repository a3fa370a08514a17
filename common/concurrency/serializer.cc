#include "common/concurrency/serializer.h"

#include <utility>

namespace airlock {

void Serializer::Submit(std::function<void()> function) {
  {
    absl::MutexLock lock(&mutex_);
    if (running_) {
      waiting_.push_back(std::move(function));
      return;
    }
    running_ = true;
  }
  while (true) {
    function();
    absl::MutexLock lock(&mutex_);
    if (waiting_.empty()) {
      // Whatever `function` owns must be gone before another thread may run.
      function = nullptr;
      running_ = false;
      return;
    }
    function = std::move(waiting_.front());
    waiting_.pop_front();
  }
}

}  // namespace airlock
