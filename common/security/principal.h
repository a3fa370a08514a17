// Somebody who calls from outside: an agent, or a person.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/access.pb.h"

namespace airlock {

// Somebody whose credential was accepted.
struct Principal {
  // Stable and unique: [a-z0-9][a-z0-9._-]{0,62}.
  std::string id;
  airlock::v1::PrincipalRole role = airlock::v1::PRINCIPAL_ROLE_UNSPECIFIED;
};

// "agent", "approver", "auditor" or "operator", as files, certificates and
// command lines have it; "" for a role that is none.
absl::string_view PrincipalRoleWord(airlock::v1::PrincipalRole role);

// The role of such a word; nothing for any other.
std::optional<airlock::v1::PrincipalRole> PrincipalRoleFromWord(
    absl::string_view word);

}  // namespace airlock
