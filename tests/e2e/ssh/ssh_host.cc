// A sandbox host for programs that cannot start one themselves: a real sshd and
// control groups for its account.
//
//   ssh_host [ONE_WAY_MILLISECONDS]
//
// Prints one line, the section `sandbox.ssh` of a configuration, and serves
// until its standard input ends. Then all of it is gone. With a number it is
// as far away as that.
#include <unistd.h>

#include <array>
#include <iostream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tests/support/delegated_cgroup.h"
#include "tests/support/tcp_relay.h"
#include "tests/support/test_sshd.h"

int main(int argc, char** argv) {
  int one_way = 0;
  if (argc > 2 || (argc == 2 && !absl::SimpleAtoi(argv[1], &one_way))) {
    std::cerr << "usage: ssh_host [ONE_WAY_MILLISECONDS]\n";
    return 1;
  }
  airlock::TestSshd sshd;
  airlock::DelegatedCgroup cgroup(sshd.uid());
  sshd.OnStart([&cgroup](pid_t pid) { cgroup.Enter(pid); });
  airlock::executor::SshTarget target = sshd.Target();
  std::unique_ptr<airlock::TcpRelay> relay;
  if (one_way > 0) {
    relay = std::make_unique<airlock::TcpRelay>(sshd.port(),
                                                absl::Milliseconds(one_way));
    target.port = relay->port();
  }
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
