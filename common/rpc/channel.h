// Channels to other services, all with the same keepalive and limits.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/rpc/deadline.h"  // IWYU pragma: export

namespace airlock {

// How a channel differs from every other.
struct ChannelOptions {
  // The name the server's certificate must carry, such as
  // "policy.airlock.internal" (see PeerDnsName). Empty: the target's host.
  std::string tls_name;
};

// A channel that connects lazily, tries again by itself (after 0.1 to 5 s),
// spreads calls over all addresses of `target`, and notices a dead peer within
// 80 s even without calls. Messages of kMaxMessageBytes pass.
std::shared_ptr<grpc::Channel> MakeChannel(
    absl::string_view target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options = {});

}  // namespace airlock
