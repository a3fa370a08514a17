#include "common/rpc/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/rpc/server.h"
#include "common/rpc/transport.h"

namespace airlock {

std::shared_ptr<grpc::Channel> MakeChannel(
    absl::string_view target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxWireMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxWireMessageBytes);
  SetTransport([&arguments](const char* name, int value) {
    arguments.SetInt(name, value);
  });
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  // Despite its name: how long one attempt, handshake included, may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  // Retries are the caller's business: only it knows what may run twice.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetLoadBalancingPolicyName("round_robin");
  if (!options.tls_name.empty()) {
    arguments.SetSslTargetNameOverride(options.tls_name);
  }
  return grpc::CreateCustomChannel(std::string(target), credentials, arguments);
}

}  // namespace airlock
