#include "services/policy/rpc/caller.h"

#include "common/rpc/unknown_fields.h"

namespace airlock::policy {

absl::StatusOr<Principal> CallerCheck::Authorize(
    absl::string_view method, const grpc::ServerContextBase& context) const {
  const absl::Status peer = AuthorizePeer(method, context);
  if (!peer.ok()) return peer;
  return AuthorizePrincipal(table_, method, context, authenticator_);
}

absl::StatusOr<Principal> CallerCheck::Admit(
    absl::string_view method, const grpc::ServerContextBase& context,
    const google::protobuf::Message& request) const {
  absl::StatusOr<Principal> principal = Authorize(method, context);
  if (!principal.ok()) return principal;
  const absl::Status known = RefuseUnknownFields(request);
  if (!known.ok()) return known;
  return principal;
}

absl::Status CallerCheck::AuthorizePeer(
    absl::string_view method, const grpc::ServerContextBase& context) const {
  return airlock::AuthorizePeer(table_, method, context);
}

}  // namespace airlock::policy
