// A piece of this machine's cgroups for an ordinary user, as an administrator
// would give it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace airlock {

// A folder "airlock-test-PID-N" at the top of each hierarchy that limits
// memory, processor time or processes. Needs root. Everything in it is killed
// and removed when it goes; the first one of a process removes as well what
// tests left that are no more.
//
// With version 2 only a process that is in it may be moved to a cgroup in it:
// see Enter(). That is not so with version 1.
class DelegatedCgroup {
 public:
  // `owner` may make cgroups in it.
  explicit DelegatedCgroup(uid_t owner);
  ~DelegatedCgroup();
  DelegatedCgroup(const DelegatedCgroup&) = delete;
  DelegatedCgroup& operator=(const DelegatedCgroup&) = delete;

  // With version 2, moves a process, and so its later children, into it; 0 is
  // this process, which leaves when it goes. With version 1 does nothing.
  void Enter(pid_t pid = 0);

  // Its name in every hierarchy.
  const std::string& name() const { return name_; }
  // Its folders; those with version 1 end in "/CONTROLLER/" and the name.
  const std::vector<std::string>& folders() const { return folders_; }

  // Names of the cgroups in it, but for the one that Enter() leads to.
  std::vector<std::string> Children() const;
  // Every process in those, as this process sees them.
  std::vector<pid_t> Processes() const;

 private:
  std::string name_;
  std::vector<std::string> folders_;
  // With version 2, where processes go that are no cell's; else empty.
  std::string entrance_;
  // Where this process was before; empty: it has not entered.
  std::string before_;
};

}  // namespace airlock
