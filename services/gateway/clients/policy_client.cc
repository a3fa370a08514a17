#include "services/gateway/clients/policy_client.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"

namespace airlock::gateway {

PolicyClient::PolicyClient(
    absl::string_view target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : channel_(MakeChannel(
          target, credentials,
          {.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY)})),
      stub_(channel_) {}

bool PolicyClient::Connected() {
  return channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
}

grpc::Status StatusForAgent(const grpc::Status& upstream) {
  if (upstream.ok() || !upstream.error_details().empty()) return upstream;
  switch (upstream.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return ToGrpcStatus(WithRetryDelay(
          MakeError(absl::StatusCode::kUnavailable, "POLICY_UNAVAILABLE",
                    "the policy service cannot be reached; an execution that "
                    "was accepted goes on"),
          absl::Seconds(1)));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ToGrpcStatus(MakeError(
          absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
          "the policy service did not answer before the call's deadline"));
    case grpc::StatusCode::CANCELLED:
      return ToGrpcStatus(MakeError(absl::StatusCode::kCancelled, "CANCELLED",
                                    "the call was cancelled"));
    default:
      return ToGrpcStatus(MakeError(
          static_cast<absl::StatusCode>(upstream.error_code()), "POLICY_ERROR",
          absl::StrCat("the policy service said: ", upstream.error_message())));
  }
}

}  // namespace airlock::gateway
