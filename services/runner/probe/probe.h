// Tries from inside whether a sandbox keeps its limits.
#pragma once

#include <cstdint>
#include <string>

namespace airlock::runner {

// How far to go. Each attempt stops at about twice the limit it is about, so
// that a sandbox without limits survives it.
struct ProbeOptions {
  std::string workspace = "/workspace";
  std::string tmp = "/tmp";
  std::string shm = "/dev/shm";
  std::string cgroup = "/sys/fs/cgroup";
  std::uint64_t memory_bytes = 0;
  std::uint64_t pids = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t inodes = 0;
};

// The program `airlock-runner probe OPTIONS`: prints what it found as lines of
// Fact and judges nothing. Returns the exit code: 0 when every attempt was
// made, whatever came of it.
int ProbeMain(int argc, char** argv);

// Who this process is and what it may: "user", "capabilities", "privileges",
// "seccomp", "root", "network".
void ProbeConfinement();

// What it may use: "cpu", "disk", "inodes", "pids", "memory".
void ProbeLimits(const ProbeOptions& options);

}  // namespace airlock::runner
