// A real sandbox host for tests: an sshd and what its account may use.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "services/executor/backends/ssh/ssh_backend.h"
#include "tests/support/delegated_cgroup.h"
#include "tests/support/test_sshd.h"

namespace airlock {

// An sshd whose account has control groups of its own. Throws if it cannot be
// set up.
class SshWorld {
 public:
  explicit SshWorld(TestSshdOptions options = {});

  // As whom nobody else connects.
  executor::SshOptions Options() const;
  // A backend with these.
  std::unique_ptr<executor::SshBackend> MakeBackend() const;

  TestSshd& sshd() { return sshd_; }
  // The processes of every sandbox, without those that wait to become one.
  std::vector<pid_t> Processes() const;

 private:
  TestSshd sshd_;
  DelegatedCgroup cgroup_;
};

// TestSpec() for a host, which has no images.
executor::SandboxSpec HostSpec();

}  // namespace airlock
