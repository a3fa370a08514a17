// Who calls, as a seam.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/principal.h"  // IWYU pragma: export

namespace airlock {

// Knows principals by their credentials. Thread-safe, and quick enough to be
// called from a gRPC reaction.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // UNAUTHENTICATED with reason TOKEN_INVALID if nobody has this token.
  virtual absl::StatusOr<Principal> Authenticate(
      absl::string_view bearer_token) = 0;

  // By the certificate, in PEM, of a client that has shown that it has the key.
  // UNAUTHENTICATED with reason CERTIFICATE_INVALID if it names nobody, as it
  // always is where this is not overridden.
  virtual absl::StatusOr<Principal> AuthenticateCertificate(
      absl::string_view certificate);
};

}  // namespace airlock
