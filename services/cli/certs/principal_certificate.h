// Certificates that say which principal their owner is.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/security/principal.h"

namespace airlock::cli {

// The files of the authority that signs them, in its directory. It is another
// than that of the services, so that none of what it signs opens an internal
// edge.
inline constexpr char kClientAuthorityName[] = "client-ca.pem";
inline constexpr char kClientAuthorityKeyName[] = "client-ca.key";

// What `airlock certs client` is asked for.
struct PrincipalCertificateOptions {
  // Where the authority is; both are made when missing.
  std::string directory;
  Principal principal;
  // ".pem" and ".key" are added to it.
  std::string out;
  // There is no other way to take a certificate back than to let it expire or
  // to replace the authority.
  absl::Duration validity = absl::Hours(24 * 30);
  // Whether files that are there already are replaced.
  bool force = false;
};

// Writes <out>.pem and <out>.key, the key for its owner alone. Several
// processes may do it at once.
//
// kAlreadyExists: one of them is there and `force` is false. kInvalidArgument:
// the id or the validity is no good, or what is in the directory is no
// authority. kFailedPrecondition: the authority has no key there.
absl::Status CreatePrincipalCertificate(
    const PrincipalCertificateOptions& options, absl::Time now);

}  // namespace airlock::cli
