// What Abseil does at every lock besides locking.
#pragma once

namespace airlock {

// Stops the search for threads that take locks in different orders. Abseil
// keeps a graph for it unless it was built with NDEBUG, which Debian's is not,
// and gRPC takes many locks for each message. For main(), before threads start:
// it concerns the whole process. Tests leave the search on.
void StopLockOrderChecks();

}  // namespace airlock
