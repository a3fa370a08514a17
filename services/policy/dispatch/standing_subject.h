// An execution, as scopes of standing approvals see it.
#pragma once

#include "common/config/contract.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/engine/decide.h"
#include "services/policy/standing/standing_scope.h"

namespace airlock::policy {

// From its spec: exactly what would run. Pure.
StandingSubject SubjectOf(const Execution& execution);

// What the contract of its agent says of exactly what would run. Pure.
DecisionResult DecideAgain(const AgentContract& contract,
                           const Execution& execution);

}  // namespace airlock::policy
