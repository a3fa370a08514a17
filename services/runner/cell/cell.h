// A sandbox made without root: airlock-runner as process 1 of its own
// namespaces, on read-only system folders and with memory for a disk.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/runner/cell/cgroup.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// What a process must know to wait for what its cell is to be.
struct CellSite {
  // This program on the host, as it is inside as well.
  std::string runner_path = "/proc/self/exe";
  // Host paths nobody may see in a cell. They are covered where they lie in a
  // folder that is shown; a shown folder itself cannot be hidden.
  std::vector<std::string> hidden;
  // True: it shares the host's network, with every listener on the loopback and
  // every abstract unix socket of it. False: only a loopback of its own.
  bool network = false;
};

// What one cell may use and see, beyond the limits of its cgroup. Every number
// must be set. Only plain numbers: it is sent as it lies in memory.
struct CellSpec {
  std::uint64_t workspace_bytes = 0;
  // /tmp and /dev/shm together.
  std::uint64_t tmp_bytes = 0;
  // Files and folders, in the workspace and in /tmp each.
  std::uint64_t inodes = 0;
  // Who its processes are inside: never 0. Outside they are this user.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// What becomes descriptors 0, 1 and 2 of the runner. Borrowed.
struct CellStreams {
  int in = -1;
  int out = -1;
  int err = -1;
};

// Process 1 of a cell, a child of this process. It joins its cgroup, waits to
// be told what the cell is to be, prepares that, and becomes the runner.
//
// It may wait as long as one likes: to join a cgroup takes the kernel a grace
// period of often more than ten milliseconds, and a network of its own half of
// one. Who waits has both behind it.
//
// Nothing blocks but destruction. Not thread-safe. The cell dies with the
// thread that makes it; no other thread may run at that time, because the new
// process allocates before it becomes another program.
class Cell {
 public:
  // Makes the process, which does not run anything yet. error() tells whether
  // there is one.
  Cell(const CellSite& site, Cgroup& cgroup, const CellStreams& streams);
  // Kills and reaps it; nothing of the cell lives on.
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  // Has it go on, once. From now on its limits must be those of the cgroup.
  void Start(const CellSpec& spec);

  // Whether neither its runner runs nor an error is known: ReadReport() is to
  // be called when report_fd() is readable, and now and then for the time.
  bool starting() const { return report_.valid(); }
  // -1 once it is not starting any more.
  int report_fd() const { return report_.get(); }
  // Reads what there is to read. A start that takes more than ten seconds is
  // an error.
  void ReadReport();

  // One sentence: which step failed, why, and what would do. Whatever is left
  // of the process is to be killed. Empty: nothing did.
  const std::string& error() const { return error_; }

  // Kills all that is in it. It ends soon.
  void Kill() const;
  // Readable when it has ended; -1 once it is reaped.
  int pidfd() const { return pidfd_.get(); }
  // Whether it has ended by now, without reaping it.
  bool HasEnded() const;
  // Takes its exit status. False: it has not ended.
  bool Reap(int& status);

 private:
  void Make(const CellSite& site, Cgroup& cgroup, const CellStreams& streams);
  void Fail(std::string_view problem);

  // -1: there is none, or it is reaped.
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  // Where it waits for its spec; closed once that is sent.
  UniqueFd orders_;
  UniqueFd report_;
  std::string told_;
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::time_point::max();
  std::string error_;
};

}  // namespace airlock::runner
