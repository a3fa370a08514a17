// `sandbox.mounts`, checked: host directories inside the sandbox.
#pragma once

#include <string>
#include <vector>

#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"

namespace airlock {

// A host directory inside the sandbox. Whether the host's allow-list has
// `source`, and whether it is a real path, is for the executor to check.
struct MountSettings {
  std::string source;
  std::string target;
  bool writable = false;
};

// Checks the mounts that stand at `path`.
//
// A source must not be, be below or hold what rules the host: /, /proc, /sys,
// /etc, /dev, /run, /var/run, /var/lib/docker, or a docker.sock. A target must
// leave what Airlock itself puts into the sandbox alone.
std::vector<MountSettings> ReadMounts(const config::v1::MountList& mounts,
                                      const std::string& path,
                                      ProblemList& problems);

}  // namespace airlock
