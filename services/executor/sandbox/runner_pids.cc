#include "services/executor/sandbox/runner_pids.h"

#include <algorithm>

#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

std::uint32_t RunnerPids(const SandboxSpec& spec) {
  if (!spec.parallel) return kRunnerPids;
  constexpr std::uint32_t kMostKeepers = Sandbox::kMaxProcesses;
  return kRunnerPids + std::min(spec.pids, kMostKeepers);
}

}  // namespace airlock::executor
