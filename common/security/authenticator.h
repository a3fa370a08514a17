// Who calls, as a seam.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/access.pb.h"

namespace airlock {

// Somebody whose credential was accepted.
struct Principal {
  // Stable and unique: [a-z0-9][a-z0-9._-]{0,62}.
  std::string id;
  airlock::v1::PrincipalRole role = airlock::v1::PRINCIPAL_ROLE_UNSPECIFIED;
};

// Knows principals by their credentials. Thread-safe, and quick enough to be
// called from a gRPC reaction.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // UNAUTHENTICATED with reason TOKEN_INVALID if nobody has this token.
  virtual absl::StatusOr<Principal> Authenticate(
      absl::string_view bearer_token) = 0;
};

}  // namespace airlock
