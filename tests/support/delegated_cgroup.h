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
class DelegatedCgroup {
 public:
  // `owner` may make cgroups in it.
  explicit DelegatedCgroup(uid_t owner);
  ~DelegatedCgroup();
  DelegatedCgroup(const DelegatedCgroup&) = delete;
  DelegatedCgroup& operator=(const DelegatedCgroup&) = delete;

  // Its name in every hierarchy.
  const std::string& name() const { return name_; }
  // Its folders; those with version 1 end in "/CONTROLLER/" and the name.
  const std::vector<std::string>& folders() const { return folders_; }

  // Names of the cgroups in it.
  std::vector<std::string> Children() const;
  // Every process in those, as this process sees them.
  std::vector<pid_t> Processes() const;

 private:
  std::string name_;
  std::vector<std::string> folders_;
};

}  // namespace airlock
