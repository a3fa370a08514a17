#include "common/security/authenticator.h"

#include "common/status/error.h"

namespace airlock {

absl::StatusOr<Principal> Authenticator::AuthenticateCertificate(
    absl::string_view /*certificate*/) {
  return MakeError(absl::StatusCode::kUnauthenticated, "CERTIFICATE_INVALID",
                   "no client's certificate counts here: the service knows no "
                   "authority for them (clientCaPath); show a token");
}

}  // namespace airlock
