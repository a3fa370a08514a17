// What this program was built from.
#pragma once

namespace airlock {

// Such as "0.1.0".
const char* Version();

// The commit of the source tree when the build was configured, or "unknown".
const char* Commit();

}  // namespace airlock
