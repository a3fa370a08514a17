// A real sandbox host for tests: an sshd and what its account may use.
#pragma once

#include <memory>
#include <string>

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
  // Of the account.
  const DelegatedCgroup& cgroup() const { return cgroup_; }

 private:
  TestSshd sshd_;
  DelegatedCgroup cgroup_;
};

// TestSpec() for a host, which has no images.
executor::SandboxSpec HostSpec();

}  // namespace airlock
