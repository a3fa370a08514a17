// Who may call what: a table built from the `airlock.v1.access` options.
//
// A handler asks first thing, before it looks at the request; interceptors of
// this gRPC version cannot refuse a call.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/access.pb.h"
#include "common/rpc/credentials.h"  // IWYU pragma: export
#include "common/security/authenticator.h"

namespace airlock {

// Immutable, so thread-safe.
class AccessTable {
 public:
  // `services` are full names such as
  // airlock::v1::ExecutionService::service_full_name(), of compiled-in protos;
  // any other name is a bug and aborts.
  explicit AccessTable(const std::vector<std::string>& services);

  // The option of a method such as "airlock.v1.ExecutionService.Execute".
  // nullptr if the method has none or is not of these services.
  const airlock::v1::Access* Find(absl::string_view method) const;

 private:
  absl::flat_hash_map<std::string, airlock::v1::Access> methods_;
};

// Whether the peer's certificate allows it to call `method`. A method for
// principals only, with no `peers` of its own, is open to gateways, who
// forward the credential. PERMISSION_DENIED, reason PEER_ROLE_NOT_ALLOWED.
absl::Status AuthorizePeer(const AccessTable& table, absl::string_view method,
                           const grpc::ServerContextBase& context);

// Who calls, by what was shown, if its role may call `method`.
// UNAUTHENTICATED with reason TOKEN_MISSING (neither a token nor a certificate
// was shown), TOKEN_INVALID, CERTIFICATE_INVALID or CREDENTIALS_DISAGREE (they
// are those of different principals); PERMISSION_DENIED with reason
// ROLE_NOT_ALLOWED.
absl::StatusOr<Principal> AuthorizePrincipal(const AccessTable& table,
                                             absl::string_view method,
                                             const ShownCredentials& shown,
                                             Authenticator& authenticator);

}  // namespace airlock
