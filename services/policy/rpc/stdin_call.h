// One WriteStdin call.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/execution.pb.h"
#include "services/policy/dispatch/dispatcher.h"

namespace airlock::policy {

// Waits until something of its input was taken; a client that goes, or whose
// deadline comes, makes room for another call at once. gRPC and the dispatcher
// own it together: gRPC until OnDone, the dispatcher until it has answered.
// `dispatcher` must outlive the call.
class StdinCall final : public grpc::ServerUnaryReactor,
                        public std::enable_shared_from_this<StdinCall> {
 public:
  static std::shared_ptr<StdinCall> Make(
      Dispatcher& dispatcher, airlock::v1::WriteStdinResponse* response);

  // Hands the request over to the dispatcher.
  void Begin(const Principal& principal,
             const airlock::v1::WriteStdinRequest& request);

  // Ends the call; later answers are dropped.
  void Answer(absl::StatusOr<airlock::v1::WriteStdinResponse> answer)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  StdinCall(Dispatcher& dispatcher, airlock::v1::WriteStdinResponse* response)
      : dispatcher_(dispatcher),
        write_(dispatcher.NewWrite()),
        response_(response) {}

  void OnCancel() override;
  void OnDone() override { self_.reset(); }

  Dispatcher& dispatcher_;
  const WriteId write_;
  std::string execution_id_;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<StdinCall> self_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // gRPC's, until the call is finished.
  airlock::v1::WriteStdinResponse* const response_;
};

}  // namespace airlock::policy
