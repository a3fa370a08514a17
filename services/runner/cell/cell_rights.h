// What a cell's processes may ask the kernel for.
#pragma once

namespace airlock::runner {

// Bounds the caller's files, signals, queues and core dumps, and makes it the
// kernel's choice before the host's programs when memory runs out. Throws
// StepFailed.
void BoundResources();

// Gives up every capability for good: none can come back, not by a program
// that root owns either. Throws StepFailed.
void DropCapabilities();

// Allows the system calls of common/seccomp/profile.json and no others, for the
// caller and whatever it starts. The last step before its program: what made
// the cell is refused from here on. Throws StepFailed.
void FilterSystemCalls();

}  // namespace airlock::runner
