#include "common/rpc/probe_server.h"

#include <grpcpp/security/server_credentials.h>

#include <utility>

namespace airlock {

absl::StatusOr<std::unique_ptr<ProbeServer>> ProbeServer::Start(
    const std::string& listen) {
  RpcServerOptions options;
  options.listen = listen;
  options.credentials = grpc::InsecureServerCredentials();
  absl::StatusOr<std::unique_ptr<RpcServer>> server = RpcServer::Start(options);
  if (!server.ok()) return server.status();
  return std::unique_ptr<ProbeServer>(new ProbeServer(*std::move(server)));
}

}  // namespace airlock
