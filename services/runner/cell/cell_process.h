// The new process, on its way to the runner.
#pragma once

#include <sys/types.h>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/cgroup.h"

namespace airlock::runner {

// What the new process needs to know.
struct CellPlan {
  const CellSite& site;
  CellStreams streams;
  Cgroup& cgroup;
  // Whom it is outside.
  uid_t host_uid = 0;
  gid_t host_gid = 0;
  // The CellSpec comes as one message; the end comes when its creator is gone.
  int orders_fd = -1;
  // kAboutToRun once all is prepared; why not, if something went wrong.
  int report_fd = -1;
};

// What a process reports whose next step is to be the runner.
inline constexpr char kAboutToRun = '.';

// Becomes the runner of a cell, or ends. For process 1 of new user, mount, pid,
// IPC and UTS namespaces. Every descriptor that is not in `plan` is closed.
[[noreturn]] void BecomeCell(const CellPlan& plan);

}  // namespace airlock::runner
