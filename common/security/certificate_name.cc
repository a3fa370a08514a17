#include "common/security/certificate_name.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/values.h"

namespace airlock {
namespace {

using airlock::v1::PeerRole;

constexpr absl::string_view kScheme = "airlock:";
constexpr absl::string_view kRolePrefix = "airlock://role/";
constexpr absl::string_view kPrincipalPrefix = "airlock://principal/";

// The only URI of our scheme; "" if there is none or more than one. Schemes
// are not case-sensitive, so that "AIRLOCK:" counts as ours too, though only
// the small letters mean anything.
absl::string_view OnlyName(const std::vector<std::string>& uris) {
  absl::string_view only;
  for (const std::string& uri : uris) {
    if (!absl::StartsWithIgnoreCase(uri, kScheme)) continue;
    if (!only.empty()) return "";
    only = uri;
  }
  return only;
}

}  // namespace

std::string PeerRoleWord(PeerRole role) {
  switch (role) {
    case airlock::v1::PEER_ROLE_GATEWAY:
      return "gateway";
    case airlock::v1::PEER_ROLE_POLICY:
      return "policy";
    case airlock::v1::PEER_ROLE_EXECUTOR:
      return "executor";
    default:
      return "unspecified";
  }
}

std::string PeerUri(PeerRole role) {
  return absl::StrCat(kRolePrefix, PeerRoleWord(role));
}

std::string PrincipalUri(const Principal& principal) {
  return absl::StrCat(kPrincipalPrefix, PrincipalRoleWord(principal.role), "/",
                      principal.id);
}

PeerRole PeerRoleFromUris(const std::vector<std::string>& uris) {
  const absl::string_view name = OnlyName(uris);
  for (const PeerRole role :
       {airlock::v1::PEER_ROLE_GATEWAY, airlock::v1::PEER_ROLE_POLICY,
        airlock::v1::PEER_ROLE_EXECUTOR}) {
    if (name == PeerUri(role)) return role;
  }
  return airlock::v1::PEER_ROLE_UNSPECIFIED;
}

std::optional<Principal> PrincipalFromUris(
    const std::vector<std::string>& uris) {
  absl::string_view rest = OnlyName(uris);
  if (!absl::ConsumePrefix(&rest, kPrincipalPrefix)) return std::nullopt;
  const std::size_t slash = rest.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  const auto role = PrincipalRoleFromWord(rest.substr(0, slash));
  const absl::string_view id = rest.substr(slash + 1);
  if (!role.has_value() || !IsPrincipalId(id)) return std::nullopt;
  return Principal{std::string(id), *role};
}

}  // namespace airlock
