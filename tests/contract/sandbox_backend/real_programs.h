// The programs of a BackendUnderTest, as every Debian has them.
#pragma once

#include "tests/contract/sandbox_backend/sandbox_facts.h"

namespace airlock {

// Without name, backend and limits.
BackendUnderTest WithRealPrograms();

}  // namespace airlock
