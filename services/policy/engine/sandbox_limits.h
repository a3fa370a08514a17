// Limits that a request sets, within the configured ones.
#pragma once

#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "common/config/contract.h"
#include "common/status/error.h"

namespace airlock::policy {

// Adds a violation for a timeout, or each limit, that is more than configured
// or too small to start anything. Pure.
void CheckTimeout(const airlock::v1::ExecuteRequest& request,
                  const AgentContract& contract, FieldViolations& violations);
void CheckLimits(const airlock::v1::Limits& limits,
                 const SandboxSettings& sandbox, FieldViolations& violations);

// The settings of an agent for one of its actions: ssh_exec runs on backend
// "ssh" whatever the agent's is. Pure.
SandboxSettings SandboxFor(const airlock::v1::Action& action,
                           const SandboxSettings& configured);

// The timeout that holds: the request's, or the configured one. For a request
// that passed CheckTimeout. Pure.
absl::Duration EffectiveTimeout(const airlock::v1::ExecuteRequest& request,
                                const AgentContract& contract);

// The configured sandbox, narrowed by limits that passed CheckLimits. With less
// memory, /workspace and /tmp shrink so that together they keep to half of it.
// Pure.
SandboxSettings NarrowSandbox(const SandboxSettings& configured,
                              const airlock::v1::Limits& limits);

}  // namespace airlock::policy
