// Who a certificate says its owner is: one URI among its alternative names.
//
//   airlock://role/<role>            an internal peer
//   airlock://principal/<role>/<id>  a principal
//
// A certificate with several URIs of the scheme "airlock", whatever they say,
// names nobody: what one reader took for the one, another might take for the
// other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "airlock/v1/access.pb.h"
#include "common/security/principal.h"

namespace airlock {

// The URI a peer with this role has in its certificate.
std::string PeerUri(airlock::v1::PeerRole role);

// The URI a principal has in its certificate.
std::string PrincipalUri(const Principal& principal);

// The role that all URIs of one certificate together say. UNSPECIFIED if they
// say none.
airlock::v1::PeerRole PeerRoleFromUris(const std::vector<std::string>& uris);

// The principal that all URIs of one certificate together name: a known role
// and an id that is good. Nothing if they name none.
std::optional<Principal> PrincipalFromUris(
    const std::vector<std::string>& uris);

// The word of a peer's role, as in its URI; "unspecified" for none.
std::string PeerRoleWord(airlock::v1::PeerRole role);

}  // namespace airlock
