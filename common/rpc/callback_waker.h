// Keeps gRPC's callback threads from falling asleep.
#pragma once

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace airlock {

// The threads on which gRPC runs callbacks look for work for a second; one
// that found none sleeps for 100 ms, whatever comes meanwhile (gRPC 1.51,
// src/cpp/common/completion_queue_cc.cc). When all of them sleep, the first
// message after a quiet second waits. This gives one of them something to do
// several times a second: a call on a channel that leads nowhere.
//
// Thread-safe.
class CallbackWaker {
 public:
  // The one of this process, made for whoever asks first and gone with the
  // last one who holds it.
  static std::shared_ptr<CallbackWaker> OfProcess();

  ~CallbackWaker();
  CallbackWaker(const CallbackWaker&) = delete;
  CallbackWaker& operator=(const CallbackWaker&) = delete;

 private:
  CallbackWaker();

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace airlock
