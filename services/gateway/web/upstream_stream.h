// Responses of the policy service, taken one at a time.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"

namespace airlock::gateway {

// A call to make.
struct UpstreamCall {
  std::string path;
  absl::Time deadline;
  ShownCredentials credentials;
  grpc::ByteBuffer request;
};

// One call with a stream of responses. The next response is read only when
// Next() was called for it, so that a slow reader slows the policy service.
// Keeps itself until the call has ended. Thread-safe.
class UpstreamStream final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      public std::enable_shared_from_this<UpstreamStream> {
 public:
  // On gRPC's threads, one after the other; `on_end` comes last, and exactly
  // once.
  struct Listener {
    std::function<void(const grpc::ByteBuffer& response)> on_response;
    std::function<void(const grpc::Status& status)> on_end;
  };

  static std::shared_ptr<UpstreamStream> Make(UpstreamCall call,
                                              Listener listener);

  // Starts the call and reads the first response; once. `stub` must outlive
  // the call.
  void Start(grpc::GenericStub& stub);

  // Reads the next response; once for each one that came.
  void Next() ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the call, also before it has started; Next() need not be called any
  // more.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  UpstreamStream(UpstreamCall call, Listener listener)
      : call_(std::move(call)), listener_(std::move(listener)) {}

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  UpstreamCall call_;
  Listener listener_;
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  absl::Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<UpstreamStream> self_;
};

}  // namespace airlock::gateway
