// The cgroup of one cell.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace airlock::runner {

// What everything in a cgroup may use together. Every limit is set.
struct CgroupLimits {
  // No swap comes on top.
  std::uint64_t memory_bytes = 0;
  // Thousandths of a processor.
  std::uint32_t cpu_millis = 0;
  // Processes and threads, the runner and what it needs for itself included.
  std::uint32_t pids = 0;
};

// One controller's files of a cgroup.
struct CgroupFolder {
  // "memory", "cpu", "cpuacct" or "pids" with version 1, where each may be in
  // a hierarchy of its own; "" with version 2, which has one for all.
  std::string controller;
  std::string path;
};

// For Cgroup::Add().
inline constexpr pid_t kCaller = 0;

// Folders of this process's user, made by CgroupTree. Removed with everything
// in it when it goes. Not thread-safe.
class Cgroup {
 public:
  explicit Cgroup(std::vector<CgroupFolder> folders);
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  // Moves a process and its later children into it, which may take the kernel
  // a grace period. Empty: done; else why not.
  std::string Add(pid_t pid);

  // Kills all that is in it, and waits until nothing is. The caller reaps its
  // own children, before or meanwhile. False: something still was at `limit`.
  bool Kill(std::chrono::milliseconds limit = std::chrono::seconds(2));

  // Kills, then removes the folders. False: they are still there, and Remove()
  // may be called again. A limit of 0 tries once and does not wait.
  bool Remove(std::chrono::milliseconds limit = std::chrono::seconds(2));

  // Leaves what is there to CgroupTree::RemoveStale().
  void Abandon() { folders_.clear(); }

  // Where they are on the host; empty where nothing can be enforced.
  const std::vector<CgroupFolder>& folders() const { return folders_; }

 private:
  std::vector<CgroupFolder> folders_;
};

}  // namespace airlock::runner
