// Who may call the policy service.
#pragma once

#include <grpcpp/server_context.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/access.h"
#include "common/security/authenticator.h"
#include "google/protobuf/message.h"

namespace airlock::policy {

// Authorizes calls. Public methods come through a gateway, which shows its own
// certificate and forwards the credential of the principal; the credential is
// checked here again, so that a gateway cannot make one up. Thread-safe. All
// arguments must outlive it.
class CallerCheck {
 public:
  CallerCheck(const AccessTable& table, Authenticator& authenticator)
      : table_(table), authenticator_(authenticator) {}

  // For methods that principals call. `method` is a full name.
  absl::StatusOr<Principal> Authorize(
      absl::string_view method, const grpc::ServerContextBase& context) const;

  // The same, and nothing in the request is unknown to this version.
  absl::StatusOr<Principal> Admit(
      absl::string_view method, const grpc::ServerContextBase& context,
      const google::protobuf::Message& request) const;

  // For methods that internal peers call for themselves.
  absl::Status AuthorizePeer(absl::string_view method,
                             const grpc::ServerContextBase& context) const;

 private:
  const AccessTable& table_;
  Authenticator& authenticator_;
};

}  // namespace airlock::policy
