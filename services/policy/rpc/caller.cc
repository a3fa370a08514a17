#include "services/policy/rpc/caller.h"

#include "common/rpc/peer_address.h"
#include "common/rpc/unknown_fields.h"

namespace airlock::policy {

absl::StatusOr<Principal> CallerCheck::Authorize(
    absl::string_view method, const grpc::ServerContextBase& context) const {
  const absl::Status peer = AuthorizePeer(method, context);
  if (!peer.ok()) return peer;
  absl::StatusOr<Principal> principal = AuthorizePrincipal(
      table_, method, ForwardedByGateway(context), authenticator_);
  if (!principal.ok()) Tell(method, context, "", principal.status());
  return principal;
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
  absl::Status status = airlock::AuthorizePeer(table_, method, context);
  if (!status.ok()) Tell(method, context, "", status);
  return status;
}

void CallerCheck::Judge(absl::string_view method,
                        const grpc::ServerContextBase& context,
                        const Principal& principal,
                        const absl::Status& status) const {
  if (!absl::IsPermissionDenied(status)) return;
  Tell(method, context, principal.id, status);
}

void CallerCheck::Tell(absl::string_view method,
                       const grpc::ServerContextBase& context,
                       absl::string_view principal,
                       const absl::Status& status) const {
  if (on_refused_ == nullptr) return;
  on_refused_({method, status, PeerAddressOf(context), principal});
}

}  // namespace airlock::policy
