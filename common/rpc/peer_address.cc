#include "common/rpc/peer_address.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace airlock {

std::string PeerAddress(absl::string_view grpc_peer) {
  absl::string_view address = grpc_peer;
  if (!absl::ConsumePrefix(&address, "ipv4:") &&
      !absl::ConsumePrefix(&address, "ipv6:")) {
    return std::string(grpc_peer);
  }
  const std::size_t port = address.rfind(':');
  // gRPC writes brackets and the sign of a zone as in a URI.
  const std::string plain = absl::StrReplaceAll(
      address.substr(0, port), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  absl::string_view host = plain;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return std::string(host);
}

std::string PeerAddressOf(const grpc::ServerContextBase& context) {
  return PeerAddress(context.peer());
}

}  // namespace airlock
