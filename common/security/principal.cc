#include "common/security/principal.h"

#include <utility>

namespace airlock {
namespace {

using airlock::v1::PrincipalRole;

constexpr std::pair<absl::string_view, PrincipalRole> kRoles[] = {
    {"agent", airlock::v1::PRINCIPAL_ROLE_AGENT},
    {"approver", airlock::v1::PRINCIPAL_ROLE_APPROVER},
    {"auditor", airlock::v1::PRINCIPAL_ROLE_AUDITOR},
    {"operator", airlock::v1::PRINCIPAL_ROLE_OPERATOR},
};

}  // namespace

absl::string_view PrincipalRoleWord(PrincipalRole role) {
  for (const auto& [word, known] : kRoles) {
    if (known == role) return word;
  }
  return "";
}

std::optional<PrincipalRole> PrincipalRoleFromWord(absl::string_view word) {
  for (const auto& [known, role] : kRoles) {
    if (known == word) return role;
  }
  return std::nullopt;
}

}  // namespace airlock
