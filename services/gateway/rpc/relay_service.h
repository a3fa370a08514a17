// A public service whose every call is relayed to the policy service.
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rpc/server.h"
#include "services/gateway/calls/call_gate.h"
#include "services/gateway/calls/relayed_method.h"
#include "services/gateway/clients/policy_client.h"
#include "services/gateway/rpc/relay.h"

namespace airlock::gateway {

// What a relayed call passes through. All must outlive the services.
struct RelayRoute {
  CallGate& gate;
  PolicyClient& policy;
  absl::Duration unary_timeout;
  absl::Duration stream_timeout;
  absl::Duration request_timeout;
};

// Serves every method of one compiled-in service without knowing any of them:
// the schema says which are streams, who may call them and which fields exist.
// A caller is authenticated before its request is read. Thread-safe.
class RelayService final : public grpc::Service {
 public:
  // `name` is full, such as "airlock.v1.ExecutionService". A service that is
  // not compiled in, or has a method with streamed requests, is a bug and
  // aborts.
  RelayService(const std::string& name, const RelayRoute& route);

  const std::string& name() const { return name_; }

 private:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  void AddMethodOf(const google::protobuf::MethodDescriptor& descriptor);
  Reactor* Handle(const RelayedMethod& method,
                  grpc::CallbackServerContext& context);

  const std::string name_;
  const RelayRoute route_;
  // Their addresses and paths stay: gRPC keeps pointers.
  std::vector<std::unique_ptr<RelayedMethod>> methods_;
};

}  // namespace airlock::gateway
