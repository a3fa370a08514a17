#include "services/policy/engine/page_request.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace airlock::policy {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;

}  // namespace

void CheckPageSize(int page_size, FieldViolations& violations) {
  if (page_size >= 0) return;
  violations.Add("page_size",
                 absl::StrCat("must not be negative: got ", page_size));
}

int EffectivePageSize(int page_size) {
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

absl::StatusOr<std::string> AgentToList(const Principal& principal,
                                        const std::string& agent) {
  if (principal.role == airlock::v1::PRINCIPAL_ROLE_OPERATOR) return agent;
  if (!agent.empty() && agent != principal.id) {
    return MakeError(absl::StatusCode::kPermissionDenied, "OTHER_AGENT",
                     "agent must be empty or the caller itself");
  }
  return principal.id;
}

}  // namespace airlock::policy
