// What only the machines that a configuration names can say.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/executor/executor_app.h"

namespace airlock::cli {

// Tries the backend of a file without errors as an executor would. Blocks for
// `timeout` and a few seconds.
executor::BackendTrial ConnectBackend(const std::string& path,
                                      absl::Duration timeout);

}  // namespace airlock::cli
