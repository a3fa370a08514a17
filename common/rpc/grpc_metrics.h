// The usual grpc_server_* metrics.
#pragma once

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <vector>

namespace airlock {

// Counts every call of `services` (full names of compiled-in protos), for
// ServerBuilder::experimental().SetInterceptorCreators(). All series exist from
// the start. `registry` must outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeGrpcServerMetrics(const std::vector<std::string>& services,
                      prometheus::Registry& registry);

}  // namespace airlock
