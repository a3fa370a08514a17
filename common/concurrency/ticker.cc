#include "common/concurrency/ticker.h"

#include <utility>

namespace airlock {

Ticker::Ticker(absl::Duration interval, std::function<void()> function)
    : thread_([this, interval, function = std::move(function)] {
        while (true) {
          {
            absl::MutexLock lock(&mutex_);
            if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_),
                                        interval)) {
              return;
            }
          }
          function();
        }
      }) {}

Ticker::~Ticker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

}  // namespace airlock
