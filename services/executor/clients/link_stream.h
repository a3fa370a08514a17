// One stream to a policy replica, over gRPC.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "common/time/clock.h"
#include "services/executor/dispatch/policy_connection.h"

namespace airlock::executor {

// Says Hello, waits for Welcome, then carries messages both ways until it is
// closed or breaks. What waits to be written is bounded: a policy that does
// not read for so long is given up. Thread-safe.
class LinkStream final
    : public grpc::ClientBidiReactor<internal::v1::ConnectRequest,
                                     internal::v1::ConnectResponse>,
      public PolicyConnection,
      public std::enable_shared_from_this<LinkStream> {
 public:
  using Stub = internal::v1::ExecutorLinkService::Stub;

  // Opens a stream. It lives until it is done, whoever else holds it.
  // Everything given must outlive it; `events` hears OnConnected and OnMessage.
  static std::shared_ptr<LinkStream> Open(Stub& stub, std::size_t link,
                                          internal::v1::Hello hello,
                                          PolicyEvents& events,
                                          const Clock& clock);

  void Send(internal::v1::ConnectRequest message) override
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Breaks it. It is done soon.
  void Close();

  // Blocks until it was welcomed or is done; what the policy asked for, or
  // nothing if there was no Welcome in time.
  std::optional<internal::v1::Welcome> WaitWelcome(absl::Duration timeout)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Blocks until it is done; whether it is.
  bool WaitDone(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  // Why it is done.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mutex_);
  // When the last message came, on the monotonic clock.
  absl::Duration last_received() const { return last_received_; }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone(const grpc::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  LinkStream(std::size_t link, PolicyEvents& events, const Clock& clock);

  void Start(Stub& stub, internal::v1::Hello hello);
  // Whether the first message makes sense.
  bool HandleWelcome();
  // Puts it behind what waits.
  void Queue(internal::v1::ConnectRequest message)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Starts the next write if there is one; to be called without the lock.
  void WriteNext() ABSL_LOCKS_EXCLUDED(mutex_);
  // No more writes: gRPC may finish the stream.
  void StopWriting(bool write_done) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::size_t link_;
  PolicyEvents& events_;
  const Clock& clock_;
  grpc::ClientContext context_;
  // Keeps it alive until OnDone.
  std::shared_ptr<LinkStream> self_;
  // Only in reads.
  internal::v1::ConnectResponse response_;
  bool welcomed_ = false;
  // Of the write in flight.
  internal::v1::ConnectRequest request_;
  std::atomic<absl::Duration> last_received_;

  mutable absl::Mutex mutex_;
  std::deque<internal::v1::ConnectRequest> control_ ABSL_GUARDED_BY(mutex_);
  std::deque<internal::v1::ConnectRequest> data_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  // gRPC waits for us to allow the end.
  bool holding_ ABSL_GUARDED_BY(mutex_) = true;
  std::optional<internal::v1::Welcome> welcome_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::executor
