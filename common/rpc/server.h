// A gRPC server as every service of Airlock runs it.
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace airlock {

class CallbackWaker;

// No message is larger. A handler refuses one that is; what the slack lets
// through gets an error with details instead of gRPC's own.
inline constexpr int kMaxMessageBytes = 16 * 1024 * 1024;
inline constexpr int kMaxWireMessageBytes = kMaxMessageBytes + 64 * 1024;

// A service together with its full name.
struct RpcService {
  std::string name;
  grpc::Service* service = nullptr;
};

// For example Serve<airlock::v1::ExecutionService>(handler).
template <typename Api>
RpcService Serve(typename Api::Service& handler) {
  return {Api::service_full_name(), &handler};
}

// How a server differs from every other.
struct RpcServerOptions {
  // "host:port"; port 0 takes any free one.
  std::string listen;
  std::shared_ptr<grpc::ServerCredentials> credentials;
  // They must outlive the server.
  std::vector<RpcService> services;
  // For grpc_server_*; must outlive the server. nullptr: none.
  prometheus::Registry* registry = nullptr;
  // A connection older than this is asked to go (GOAWAY), so that clients find
  // new replicas; its calls then have `max_connection_age_grace` to end.
  // Leave it infinite where long streams must not be cut.
  absl::Duration max_connection_age = absl::InfiniteDuration();
  absl::Duration max_connection_age_grace = absl::InfiniteDuration();
};

// Serves from Start() on, with reflection and grpc.health.v1 for the names
// "readiness" (first false), "liveness" (first true) and "" (as readiness).
// Thread-safe.
class RpcServer {
 public:
  // UNAVAILABLE if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const RpcServerOptions& options);
  // Cuts all calls that are left.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // The port that is listened on.
  int port() const { return port_; }

  // Whether new calls make sense / whether the process should go on.
  void SetReady(bool ready);
  void SetLive(bool live);

  // Is not ready any more, takes no new calls, waits for those in flight until
  // `deadline`, then cancels them. Blocks; later calls do nothing.
  void Drain(absl::Time deadline);

 private:
  RpcServer(std::unique_ptr<grpc::Server> server, int port);

  // Its handlers are callbacks.
  const std::shared_ptr<CallbackWaker> waker_;
  std::unique_ptr<grpc::Server> server_;
  const int port_;
};

}  // namespace airlock
