// Where an SSH host is, who we are there and how it proves who it is.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace airlock::executor {

// One account on one host. Paths are of this machine.
struct SshTarget {
  std::string host;
  int port = 22;
  std::string username;
  std::string private_key_path;
  // A file with the passphrase of the key. "": the key has none.
  std::string passphrase_path;
  // "": ~/.ssh/known_hosts of the user this process runs as, and
  // /etc/ssh/ssh_known_hosts.
  std::string known_hosts_path;
  // "SHA256:..." as ssh-keygen -l prints it; wins over the files. "": none.
  std::string host_key_fingerprint;
  // A key of a host nobody knows yet is accepted and appended to the first
  // file. A key that changed never is.
  bool accept_new_host_keys = false;
  // For each attempt to connect, from the name to the login.
  absl::Duration connect_timeout = absl::Seconds(10);
};

}  // namespace airlock::executor
