// Certificates and keys from PEM files, as gRPC credentials.
//
// A certificate of an internal peer carries the URI "airlock://role/<role>"
// (certificate_name.h) and the DNS name "<role>.airlock.internal". Who dials
// checks the name, who is dialled checks the role.
#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/access.pb.h"
#include "common/security/certificate_name.h"  // IWYU pragma: export

namespace airlock {

// Paths of PEM files, as in airlock.config.v1.Tls.
struct TlsFiles {
  std::string cert_path;
  std::string key_path;
  std::string ca_path;
};

// All functions below read the files once. `setting` is the key path of the
// settings the files come from, such as "policy.tls"; errors name the setting,
// the file and the cause. The certificate must match its key.

// For an internal server: shows its certificate and demands one that the
// authority has signed.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>>
MutualTlsServerCredentials(const TlsFiles& files, absl::string_view setting);

// For a public server: shows its certificate. With the authorities of clients,
// in PEM, it also asks for theirs: who shows none is served all the same, who
// shows one that they have not signed is not. `ca_path` is not used.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TlsServerCredentials(
    const TlsFiles& files, absl::string_view setting,
    absl::string_view client_authorities = "");

// For who dials an internal server.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MutualTlsChannelCredentials(const TlsFiles& files, absl::string_view setting);

// For who dials a public server. `ca_path` empty: the system's authorities.
// `cert_path` empty: shows no certificate.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsChannelCredentials(
    const TlsFiles& files, absl::string_view setting);

// The same for who shows no certificate.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsChannelCredentials(
    absl::string_view ca_path, absl::string_view setting);

// The name a server with this role has in its certificate:
// "<role>.airlock.internal".
std::string PeerDnsName(airlock::v1::PeerRole role);

// The role in the verified certificate of the peer. UNSPECIFIED if the peer
// showed none, or one with no role or with several.
airlock::v1::PeerRole PeerRoleOf(const grpc::AuthContext& context);

}  // namespace airlock
