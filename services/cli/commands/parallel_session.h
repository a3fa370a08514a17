// `airlock run --parallel`.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/cli/client/airlock_client.h"

namespace airlock::cli {

// Makes the parallel session of this name if the agent has none, or closed the
// one it had. One that was lost or has expired is left as it is: what runs
// next must say so rather than run in a fresh one. kFailedPrecondition: there
// is an open one that is not parallel.
absl::Status EnsureParallelSession(AirlockClient& client,
                                   const std::string& name);

}  // namespace airlock::cli
