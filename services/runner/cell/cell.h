// A sandbox made without root: airlock-runner as process 1 of its own
// namespaces, on read-only system folders and with memory for a disk.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "services/runner/cell/cgroup.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// What a cell may use and see, beyond the limits of its cgroup. Every number
// must be set.
struct CellSpec {
  std::uint64_t workspace_bytes = 0;
  // /tmp and /dev/shm together.
  std::uint64_t tmp_bytes = 0;
  // Files and folders, in the workspace and in /tmp each.
  std::uint64_t inodes = 0;
  // True: it shares the host's network, with every listener on the loopback and
  // every abstract unix socket of it. False: only a loopback of its own.
  bool network = false;
  // Who its processes are inside: never 0. Outside they are this user.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  // This program on the host, as it is inside as well: "/proc/self/exe" does.
  std::string runner_path = "/proc/self/exe";
  // Host paths nobody may see in it. They are covered where they lie in a
  // folder that is shown; a shown folder itself cannot be hidden.
  std::vector<std::string> hidden;
};

// What becomes descriptors 0, 1 and 2 of the runner. Borrowed.
struct CellStreams {
  int in = -1;
  int out = -1;
  int err = -1;
};

// A cell that runs, or why there is none.
struct CellStart {
  // Process 1 of the cell, a child of the caller, who reaps it. When it ends,
  // nothing of the cell lives on.
  pid_t pid = -1;
  // Readable when it has ended.
  UniqueFd pidfd;
  // One sentence: which step failed, why, and what would do.
  std::string error;

  bool ok() const { return error.empty(); }
};

// Starts a cell in `cgroup` and returns when its runner runs, after at most
// ten seconds. Nothing is left after an error. The cell dies with the thread
// that calls; no other thread may run at that time, because the new process
// allocates before it becomes another program.
CellStart StartCell(const CellSpec& spec, Cgroup& cgroup,
                    const CellStreams& streams);

}  // namespace airlock::runner
