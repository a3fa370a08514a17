// The calls that are under way.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace airlock::gateway {

// Knows what to cancel and to wait for before what calls use may go.
// Thread-safe.
class OpenCalls {
 public:
  // A call is under way until the last copy of what is returned goes; it must
  // go before this does. `cancel` may be called on any thread, also late.
  std::shared_ptr<void> Enter(std::function<void()> cancel);

  // Cancels all and waits until they have gone.
  void End();

 private:
  void Leave(std::uint64_t number);

  absl::Mutex mutex_;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::function<void()>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::gateway
