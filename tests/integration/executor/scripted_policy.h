// A policy replica that does what a test says, over real gRPC and mutual TLS.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "common/rpc/server.h"
#include "common/security/tls.h"
#include "tests/support/free_port.h"

namespace airlock::executor {

// Welcomes each Hello and keeps what comes, over all streams. Thread-safe.
class ScriptedPolicy final
    : public internal::v1::ExecutorLinkService::CallbackService {
 public:
  using FromExecutor = internal::v1::ConnectRequest;
  using FromPolicy = internal::v1::ConnectResponse;
  using Matches = std::function<bool(const FromExecutor&)>;

  // What Welcome asks for.
  explicit ScriptedPolicy(absl::Duration heartbeat = absl::Milliseconds(200));
  ~ScriptedPolicy() override;

  // May be called again after StopServing.
  void Serve(const TlsFiles& tls, int port = FreePort());
  // Cuts all streams.
  void StopServing();
  int port() const { return server_->port(); }

  // Breaks the present stream.
  void BreakStream() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether heartbeats are answered. They are to begin with.
  void AnswerHeartbeats(bool answer) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends over the present stream.
  void Send(FromPolicy message) ABSL_LOCKS_EXCLUDED(mutex_);
  // The `number`th message that matches, waiting for it; nothing if none comes.
  std::optional<FromExecutor> Await(const Matches& matches, int number = 1)
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::string Output(airlock::v1::OutputStream stream) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::ServerBidiReactor<FromExecutor, FromPolicy>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  class Stream;

  void HandleMessage(const std::shared_ptr<Stream>& stream,
                     const FromExecutor& message) ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<Stream> stream() const ABSL_LOCKS_EXCLUDED(mutex_);

  const absl::Duration heartbeat_;
  std::unique_ptr<RpcServer> server_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<Stream> stream_ ABSL_GUARDED_BY(mutex_);
  std::vector<FromExecutor> messages_ ABSL_GUARDED_BY(mutex_);
  bool answer_heartbeats_ ABSL_GUARDED_BY(mutex_) = true;
};

}  // namespace airlock::executor
