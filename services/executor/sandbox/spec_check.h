// What every backend refuses in a SandboxSpec.
#pragma once

#include "common/status/error.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// Adds a violation for each limit that is not set or absurd, a network mode
// that does not exist and a user that is root or a name. Pure.
void CheckSandboxSpec(const SandboxSpec& spec, FieldViolations& violations);

}  // namespace airlock::executor
