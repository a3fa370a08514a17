#include "common/rpc/access.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace airlock {
namespace {

using airlock::v1::Access;
using airlock::v1::PeerRole;

constexpr absl::string_view kScheme = "Bearer ";

bool PeerMayCall(const Access* access, PeerRole role) {
  if (access == nullptr || role == airlock::v1::PEER_ROLE_UNSPECIFIED) {
    return false;
  }
  if (access->peers().empty()) {
    return !access->principals().empty() &&
           role == airlock::v1::PEER_ROLE_GATEWAY;
  }
  return std::find(access->peers().begin(), access->peers().end(), role) !=
         access->peers().end();
}

absl::StatusOr<Principal> ByToken(const std::string& authorization,
                                  Authenticator& authenticator) {
  // The scheme's name is not case-sensitive (RFC 7235).
  if (!absl::StartsWithIgnoreCase(authorization, kScheme) ||
      authorization.size() == kScheme.size()) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING",
                     "the metadata authorization must be given once, as "
                     "\"Bearer <token>\", or a client's certificate be shown "
                     "where the gateway asks for one");
  }
  return authenticator.Authenticate(authorization.substr(kScheme.size()));
}

std::string InWords(const Principal& principal) {
  return absl::StrCat("the ", PrincipalRoleWord(principal.role), " \"",
                      principal.id, "\"");
}

absl::StatusOr<Principal> Identify(const ShownCredentials& shown,
                                   Authenticator& authenticator) {
  if (shown.certificate.empty()) {
    return ByToken(shown.authorization, authenticator);
  }
  absl::StatusOr<Principal> principal =
      authenticator.AuthenticateCertificate(shown.certificate);
  if (!principal.ok() || shown.authorization.empty()) return principal;
  const absl::StatusOr<Principal> other =
      ByToken(shown.authorization, authenticator);
  if (!other.ok()) return other;
  if (other->id == principal->id && other->role == principal->role) {
    return principal;
  }
  return MakeError(
      absl::StatusCode::kUnauthenticated, "CREDENTIALS_DISAGREE",
      absl::StrCat("the client's certificate is that of ", InWords(*principal),
                   ", the token that of ", InWords(*other),
                   ": show one of them, or both of one principal"));
}

}  // namespace

AccessTable::AccessTable(const std::vector<std::string>& services) {
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
            name);
    if (service == nullptr) {
      // A bug: its protos are not part of this program. Going on would refuse
      // every call without a word.
      LogError("access table of an unknown service", {{"service", name}});
      std::abort();
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      if (method.options().HasExtension(airlock::v1::access)) {
        methods_[method.full_name()] =
            method.options().GetExtension(airlock::v1::access);
      }
    }
  }
}

const Access* AccessTable::Find(absl::string_view method) const {
  const auto it = methods_.find(method);
  return it == methods_.end() ? nullptr : &it->second;
}

absl::Status AuthorizePeer(const AccessTable& table, absl::string_view method,
                           const grpc::ServerContextBase& context) {
  const PeerRole role = PeerRoleOf(*context.auth_context());
  if (PeerMayCall(table.Find(method), role)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kPermissionDenied, "PEER_ROLE_NOT_ALLOWED",
      absl::StrCat("a peer whose certificate says ",
                   airlock::v1::PeerRole_Name(role), " may not call ", method),
      {{"role", airlock::v1::PeerRole_Name(role)},
       {"method", std::string(method)}});
}

absl::StatusOr<Principal> AuthorizePrincipal(const AccessTable& table,
                                             absl::string_view method,
                                             const ShownCredentials& shown,
                                             Authenticator& authenticator) {
  absl::StatusOr<Principal> principal = Identify(shown, authenticator);
  if (!principal.ok()) return principal.status();
  const Access* access = table.Find(method);
  const bool allowed =
      access != nullptr &&
      principal->role != airlock::v1::PRINCIPAL_ROLE_UNSPECIFIED &&
      std::find(access->principals().begin(), access->principals().end(),
                principal->role) != access->principals().end();
  if (allowed) return principal;
  const std::string& role = airlock::v1::PrincipalRole_Name(principal->role);
  return MakeError(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED",
                   absl::StrCat("a principal with the role ", role,
                                " may not call ", method),
                   {{"role", role},
                    {"method", std::string(method)},
                    {"principal", principal->id}});
}

}  // namespace airlock
