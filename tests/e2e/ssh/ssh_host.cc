// A sandbox host for programs that cannot start one themselves: a real sshd and
// control groups for its account.
//
//   ssh_host
//
// Prints one line, the section `sandbox.ssh` of a configuration, and serves
// until its standard input ends. Then all of it is gone.
#include <unistd.h>

#include <array>
#include <iostream>

#include "nlohmann/json.hpp"
#include "tests/support/delegated_cgroup.h"
#include "tests/support/test_sshd.h"

int main() {
  airlock::TestSshd sshd;
  airlock::DelegatedCgroup cgroup(sshd.uid());
  sshd.OnStart([&cgroup](pid_t pid) { cgroup.Enter(pid); });
  const airlock::executor::SshTarget target = sshd.Target();
  std::cout << nlohmann::json{{"host", target.host},
                              {"port", target.port},
                              {"username", target.username},
                              {"privateKeyPath", target.private_key_path},
                              {"hostKeyFingerprint",
                               target.host_key_fingerprint},
                              {"cgroup", cgroup.name()}}
                   .dump()
            << std::endl;
  std::array<char, 64> ignored{};
  while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
  }
}
