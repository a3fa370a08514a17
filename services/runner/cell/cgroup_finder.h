// Which of the host's cgroups this process may use, and for what.
#pragma once

#include <string>
#include <vector>

#include "services/runner/cell/cgroup.h"
#include "services/runner/cell/shortfall.h"

namespace airlock::runner {

// Where new cgroups may be made.
struct FoundCgroups {
  bool v2 = false;
  std::vector<CgroupFolder> folders;
  // "memory", "swap", "cpu" and "pids", as far as they work.
  std::vector<std::string> controllers;
  // Why the others do not.
  std::vector<Shortfall> shortfalls;
};

// Looks as CgroupTree::Find() says, and with version 2 prepares the folder.
FoundCgroups FindCgroups(const std::string& wanted);

// The same in the hierarchy of version 2 that is mounted at `mount`.
FoundCgroups FindInV2(const std::string& mount, const std::string& wanted);

}  // namespace airlock::runner
