// Whether an engine can keep what a sandbox promises.
#pragma once

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace airlock::executor {

// Reads the answer of GET /info. kFailedPrecondition with reason
// ENGINE_CANNOT_ENFORCE names everything that is missing. Pure.
absl::Status CheckEngineInfo(const nlohmann::json& info);

}  // namespace airlock::executor
