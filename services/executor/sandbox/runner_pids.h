// How many processes of a sandbox are the runner's own.
#pragma once

#include <cstdint>

#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// Processes a sandbox may have beyond SandboxSpec::pids: the runner itself and
// one that it is just about to start or to reap.
inline constexpr std::uint32_t kRunnerPids = 2;

// With those of a parallel sandbox: one beside each process that runs, and so
// never more than `spec.pids`.
std::uint32_t RunnerPids(const SandboxSpec& spec);

}  // namespace airlock::executor
