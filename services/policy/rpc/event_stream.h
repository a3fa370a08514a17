// An execution's events as a gRPC server stream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/status.h"
#include "services/policy/dispatch/dispatcher.h"

namespace airlock::policy {

// `Response` has one field, `event`. gRPC and the dispatcher own it together:
// gRPC until OnDone, the dispatcher until it forgets the sink. `dispatcher`
// must outlive the stream.
template <typename Response>
class EventStream final : public grpc::ServerWriteReactor<Response>,
                          public EventSink {
 public:
  static std::shared_ptr<EventStream> Make(Dispatcher& dispatcher) {
    std::shared_ptr<EventStream> stream(new EventStream(dispatcher));
    stream->self_ = stream;
    return stream;
  }

  WatcherId watcher() const { return watcher_; }

  void Send(airlock::v1::ExecutionEvent event) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    *response_.mutable_event() = std::move(event);
    this->StartWrite(&response_);
  }

  // The event and the status in one write.
  void SendLast(airlock::v1::ExecutionEvent event) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    *response_.mutable_event() = std::move(event);
    this->StartWriteAndFinish(&response_, grpc::WriteOptions(),
                              grpc::Status::OK);
  }

  void Finish(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    grpc::ServerWriteReactor<Response>::Finish(ToGrpcStatus(status));
  }

  bool closed() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return finished_;
  }

 private:
  explicit EventStream(Dispatcher& dispatcher)
      : dispatcher_(dispatcher), watcher_(dispatcher.NewWatcher()) {}

  void OnWriteDone(bool ok) override {
    if (ok) dispatcher_.Written(watcher_);
  }

  void OnCancel() override {
    Finish(absl::CancelledError("the client has gone away"));
  }

  void OnDone() override {
    dispatcher_.Gone(watcher_);
    self_.reset();
  }

  Dispatcher& dispatcher_;
  const WatcherId watcher_;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<EventStream> self_;
  mutable absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  Response response_;
};

}  // namespace airlock::policy
