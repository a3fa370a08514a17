// Where a call comes from.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// The address in what gRPC says of a peer, without scheme, brackets and port:
// "10.0.0.1" of "ipv4:10.0.0.1:4711", "::1" of "ipv6:%5B::1%5D:4711". What is
// neither, such as a path, comes back as it is.
std::string PeerAddress(absl::string_view grpc_peer);

// The address the call comes from: of the last hop, which may be a proxy.
std::string PeerAddressOf(const grpc::ServerContextBase& context);

}  // namespace airlock
