// An end for calls whose client does nothing.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock::gateway {

// Cancels a call at a time of ours, whatever deadline the client has set or
// not set: a client that sends nothing, or reads nothing, would otherwise hold
// its place for as long as it likes. Not thread-safe.
class CallLimit {
 public:
  // From now on `context`'s call is cancelled at `deadline`. The context must
  // live until this is destroyed.
  CallLimit(grpc::CallbackServerContext& context, absl::Time deadline);
  // Afterwards the context is not touched any more.
  ~CallLimit();
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;

 private:
  // The alarm may go off while this is destroyed, so both share it.
  struct Target {
    absl::Mutex mutex;
    grpc::CallbackServerContext* context ABSL_GUARDED_BY(mutex) = nullptr;
  };

  const std::shared_ptr<Target> target_ = std::make_shared<Target>();
  grpc::Alarm alarm_;
};

}  // namespace airlock::gateway
