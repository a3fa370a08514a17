// The folder of runners and host programs: nothing stays there for ever.
#pragma once

#include <cstddef>

#include "services/runner/host/door.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Runners that nobody uses and that stay all the same: those used last.
inline constexpr std::size_t kSpareRunners = 2;

// Keeps this program's file from being swept as long as the result lives, and
// counts as its latest use. Invalid: it may be swept, as if nobody used it.
UniqueFd HoldProgram();

// Removes the files of other host programs that are no more, an hour after they
// wrote last, and runners of other versions that nobody holds but the spare
// ones. What cannot be removed stays. Any number may do this at a time.
void SweepFolder(const DoorPath& own);

// Removes the files of `path` at its end. Needs the lock, and that nothing of
// this host is left. A log that says something stays, for the sweep.
void RemoveDoor(const DoorPath& path);

}  // namespace airlock::runner
