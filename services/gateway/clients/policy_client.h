// The way to the policy service.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <memory>

#include "absl/strings/string_view.h"

namespace airlock::gateway {

// One channel to all policy replicas. Thread-safe.
class PolicyClient {
 public:
  // `target` as in gRPC; every replica's certificate must carry the name
  // "policy.airlock.internal".
  PolicyClient(absl::string_view target,
               const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  // Calls by method path, with messages as bytes.
  grpc::GenericStub& stub() { return stub_; }

  // Whether a replica is connected now. Starts to connect if none is.
  bool Connected();

  // For stubs of internal services.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
};

// What the agent is told of an upstream call's end. A status that the policy
// service made goes through unchanged, with its details. One that gRPC made on
// the way gets details, and nothing of this network: UNAVAILABLE has the reason
// POLICY_UNAVAILABLE and RetryInfo.
grpc::Status StatusForAgent(const grpc::Status& upstream);

}  // namespace airlock::gateway
