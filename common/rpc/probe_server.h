// Health in plain text, for probes that have no certificate.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/server.h"

namespace airlock {

// Serves only grpc.health.v1 (and reflection), with the names "readiness",
// first false, and "liveness", first true. Thread-safe.
class ProbeServer {
 public:
  // `listen` is "host:port". UNAVAILABLE if it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<ProbeServer>> Start(
      const std::string& listen);

  int port() const { return server_->port(); }
  void SetReady(bool ready) { server_->SetReady(ready); }
  void SetLive(bool live) { server_->SetLive(live); }

 private:
  explicit ProbeServer(std::unique_ptr<RpcServer> server)
      : server_(std::move(server)) {}

  std::unique_ptr<RpcServer> server_;
};

}  // namespace airlock
