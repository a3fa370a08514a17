// What a cell sees of files.
#pragma once

#include <string>
#include <vector>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/cgroup.h"

namespace airlock::runner {

// Makes a new root out of read-only system folders of the host and memory, and
// leaves everything else behind: no path leads back. In a mount namespace of
// its own, with every capability in its user namespace, as process 1 of its pid
// namespace. Ends in the workspace. Throws StepFailed.
void EnterCellRoot(const CellSite& site, const CellSpec& spec,
                   const std::vector<CgroupFolder>& cgroup);

}  // namespace airlock::runner
