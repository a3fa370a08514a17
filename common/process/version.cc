#include "common/process/version.h"

namespace airlock {

const char* Version() { return AIRLOCK_VERSION; }

const char* Commit() { return AIRLOCK_COMMIT; }

}  // namespace airlock
