// Authorities, and certificates that say which service or which principal their
// owner is.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/security/openssl.h"
#include "common/security/principal.h"

namespace airlock::cli {

// A certificate with its key.
struct Credential {
  X509Certificate certificate;
  EvpKey key;
};

// What a certificate is for.
enum class PeerRoleName { kGateway, kPolicy, kExecutor };

// "gateway", "policy" or "executor".
absl::string_view RoleWord(PeerRoleName role);

// An authority that signs certificates and nothing below them, valid from five
// minutes before `now` (peers' clocks differ) until `expiry`.
absl::StatusOr<Credential> MakeAuthority(const std::string& common_name,
                                         absl::Time now, absl::Time expiry);

// A certificate of `role`, signed by `authority`: URI airlock://role/<role>;
// the names <role>.airlock.internal, <role>, localhost and `hosts`; the
// loopback addresses. A gateway may serve and dial, a policy service serves,
// an executor dials. kInvalidArgument: a host is neither a name nor an
// address.
absl::StatusOr<Credential> MakeRoleCertificate(
    const Credential& authority, PeerRoleName role,
    const std::vector<std::string>& hosts, absl::Time now, absl::Time expiry);

// A certificate of `principal`, whose id must be good, signed by `authority`:
// URI airlock://principal/<role>/<id>. It dials and cannot serve.
absl::StatusOr<Credential> MakePrincipalCertificate(const Credential& authority,
                                                    const Principal& principal,
                                                    absl::Time now,
                                                    absl::Time expiry);

// The certificate as PEM.
absl::StatusOr<std::string> CertificatePem(const X509Certificate& certificate);

}  // namespace airlock::cli
