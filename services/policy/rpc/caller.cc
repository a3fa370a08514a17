#include "services/policy/rpc/caller.h"

namespace airlock::policy {

absl::StatusOr<Principal> CallerCheck::Authorize(
    absl::string_view method, const grpc::ServerContextBase& context) const {
  const absl::Status peer = AuthorizePeer(method, context);
  if (!peer.ok()) return peer;
  return AuthorizePrincipal(table_, method, context, authenticator_);
}

absl::Status CallerCheck::AuthorizePeer(
    absl::string_view method, const grpc::ServerContextBase& context) const {
  return airlock::AuthorizePeer(table_, method, context);
}

}  // namespace airlock::policy
