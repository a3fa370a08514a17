// The backends an executor can have.
#pragma once

#include "services/executor/executor_app.h"
#include "services/executor/executor_config.h"

namespace airlock::executor {

// The factory of the backend that `config` names. Making one fails with
// kInvalidArgument or kNotFound and the setting that is wrong.
BackendFactory MakeBackendFactory(const ExecutorConfig& config);

}  // namespace airlock::executor
