// The part of the host's cgroups that is ours.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/runner/cell/cgroup.h"
#include "services/runner/cell/shortfall.h"

namespace airlock::runner {

// Finds the folder that an administrator gave to this user, in version 2 or in
// the hierarchies of version 1, and makes cgroups in it. Not thread-safe.
//
// Version 2: either a folder `wanted` into which this process may move others,
// or the cgroup this process was started in when that is delegated to it
// (systemd: Delegate=yes). Processes that are in the folder itself are moved
// into its leaf "airlock-host", because the kernel lets a cgroup have either
// processes or controlled children.
class CgroupTree {
 public:
  // Looks for a folder named `wanted` at the top of each hierarchy, such as
  // "airlock-alice"; with version 2 it may be empty. Never fails: what was not
  // found is in shortfalls().
  static CgroupTree Find(const std::string& wanted);

  // What cannot be enforced, and what would do. Whether that is good enough is
  // for the caller to say: Limit() leaves out what is missing.
  const std::vector<Shortfall>& shortfalls() const { return shortfalls_; }

  // A new cgroup, without limits. nullptr: `error` says why not, and nothing is
  // left of it. `name` is one path component.
  std::unique_ptr<Cgroup> Make(const std::string& name,
                               std::string& error) const;

  // Limits one that Make() returned. Empty: done; else why not, and it must not
  // be used.
  std::string Limit(const Cgroup& cgroup, const CgroupLimits& limits) const;

  // Removes what earlier lives of this program left behind: cgroups whose names
  // are `prefix` and a number, with every process in them. Those of an executor
  // whose name only begins alike stay. Returns how many could not be removed.
  int RemoveStale(std::string_view prefix) const;

 private:
  bool has(std::string_view controller) const;

  bool v2_ = false;
  // Ours, as they are for every cgroup in them.
  std::vector<CgroupFolder> folders_;
  // Of the controllers named in CgroupFolder, those that work.
  std::vector<std::string> controllers_;
  std::vector<Shortfall> shortfalls_;
};

// "airlock-" and the name of this process's user, or its number where
// /etc/passwd does not know it: the folder Find() is usually asked for.
std::string DefaultCgroupName();

}  // namespace airlock::runner
