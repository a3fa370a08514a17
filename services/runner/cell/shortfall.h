// What a host cannot do for its cells.
#pragma once

#include <string>
#include <vector>

namespace airlock::runner {

// One thing that is asked for and cannot be enforced here.
struct Shortfall {
  // One word: "memory", "swap", "cpu", "pids", "groups" or "namespaces".
  std::string what;
  // One sentence: why not, and what would do.
  std::string why;
};

// What the account and the kernel lack, whatever the cgroups can do: further
// groups, which a cell cannot give up, and no user namespaces. Empty: nothing.
// Starts and reaps a short process.
std::vector<Shortfall> FindHostShortfalls();

}  // namespace airlock::runner
