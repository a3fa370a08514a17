#include "services/policy/engine/session_requests.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "services/policy/engine/decide.h"
#include "services/policy/engine/sandbox_limits.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kMaxNameLength = 64;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool IsSessionName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

void CheckSessionName(const std::string& name, absl::string_view field,
                      FieldViolations& violations) {
  if (IsSessionName(name)) return;
  violations.Add(field, absl::StrCat("must be 1 to ", kMaxNameLength,
                                     " characters of [A-Za-z0-9._-]: got ",
                                     QuoteForMessage(name)));
}

void CheckSessionOfRequest(const airlock::v1::ExecuteRequest& request,
                           FieldViolations& violations) {
  if (request.session().empty()) return;
  CheckSessionName(request.session(), "session", violations);
  const auto refuse = [&violations](bool is_set, absl::string_view field) {
    if (is_set) {
      violations.Add(field,
                     "must be unset with a session: it is the session's, and "
                     "CreateSession can narrow it");
    }
  };
  refuse(request.limits().memory_bytes() != 0, "limits.memory_bytes");
  refuse(request.limits().cpu_millis() != 0, "limits.cpu_millis");
  refuse(request.limits().pids() != 0, "limits.pids");
}

absl::Status ValidateCreateSession(
    const airlock::v1::CreateSessionRequest& request,
    const AgentContract& contract) {
  if (!contract.sandbox.enabled) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     kReasonSandboxDisabled,
                     absl::StrCat(contract.sandbox.enabled_path,
                                  " is false: nothing runs in sandboxes"));
  }
  FieldViolations violations;
  CheckSessionName(request.name(), "name", violations);
  CheckLimits(request.limits(), contract.sandbox, violations);
  return violations.ToStatus();
}

}  // namespace airlock::policy
