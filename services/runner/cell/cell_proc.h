// What a cell sees of the kernel.
#pragma once

#include <string>

namespace airlock::runner {

// Mounts a new /proc at `proc`, which shows the caller's pid namespace, and
// covers or freezes in it what is about the whole machine. Before that it takes
// the right to make further namespaces from the caller's user namespace, and
// bounds what counts per user. Throws StepFailed.
void MountProc(const std::string& proc);

}  // namespace airlock::runner
