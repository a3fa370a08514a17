// How many files and connections a process may have open.
#pragma once

namespace airlock {

// Raises the soft limit to the hard one, which needs no privilege: the usual
// soft limit of 1024 is there for programs that use select(). For main(); where
// it cannot be raised it stays as it is.
void AllowManyOpenFiles();

}  // namespace airlock
