// Whether a request about a session is one that could be honoured at all.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"
#include "common/config/contract.h"
#include "common/status/error.h"

namespace airlock::policy {

// Whether it can be the name of a session. Pure.
bool IsSessionName(absl::string_view name);

// Adds a violation if it cannot. Pure.
void CheckSessionName(const std::string& name, absl::string_view field,
                      FieldViolations& violations);

// Adds a violation for what an execution may not ask for in a session. Pure.
void CheckSessionOfRequest(const airlock::v1::ExecuteRequest& request,
                           FieldViolations& violations);

// INVALID_ARGUMENT with a violation for each field that is wrong.
// FAILED_PRECONDITION with reason SANDBOX_DISABLED where nothing may run. Pure.
absl::Status ValidateCreateSession(
    const airlock::v1::CreateSessionRequest& request,
    const AgentContract& contract);

}  // namespace airlock::policy
