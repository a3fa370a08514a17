// Approvals as a gRPC server stream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/status.h"
#include "services/policy/dispatch/approval_calls.h"

namespace airlock::policy {

// gRPC and the dispatcher own it together: gRPC until OnDone, the dispatcher
// until it forgets the sink. `approvals` must outlive the stream.
class ApprovalStream final
    : public grpc::ServerWriteReactor<airlock::v1::WatchApprovalsResponse>,
      public ApprovalSink {
 public:
  static std::shared_ptr<ApprovalStream> Make(ApprovalCalls& approvals) {
    std::shared_ptr<ApprovalStream> stream(new ApprovalStream(approvals));
    stream->self_ = stream;
    return stream;
  }

  ApprovalWatcherId watcher() const { return watcher_; }

  void Send(airlock::v1::WatchApprovalsResponse message) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    response_ = std::move(message);
    StartWrite(&response_);
  }

  void Finish(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (std::exchange(finished_, true)) return;
    grpc::ServerWriteReactor<airlock::v1::WatchApprovalsResponse>::Finish(
        ToGrpcStatus(status));
  }

 private:
  explicit ApprovalStream(ApprovalCalls& approvals)
      : approvals_(approvals), watcher_(approvals.NewWatcher()) {}

  void OnWriteDone(bool ok) override {
    if (ok) approvals_.Written(watcher_);
  }
  void OnCancel() override {
    Finish(absl::CancelledError("the client has gone away"));
  }
  void OnDone() override {
    approvals_.Gone(watcher_);
    self_.reset();
  }

  ApprovalCalls& approvals_;
  const ApprovalWatcherId watcher_;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<ApprovalStream> self_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  airlock::v1::WatchApprovalsResponse response_;
};

}  // namespace airlock::policy
