// `sandbox.ssh`, checked: the host of backend "ssh".
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"
#include "common/config/ssh_rotation_settings.h"

namespace airlock {

// The host of backend "ssh". Whether its files are there, and whether a key is
// good, is for the executor to check.
struct SshSettings {
  std::string host;
  std::uint16_t port = 22;
  std::string username;
  std::string private_key_path;
  // Empty: the key has no passphrase.
  std::string passphrase_path;
  // Empty: the files of the service's user and of the system.
  std::string known_hosts_path;
  // "SHA256:...", the one key that is accepted. Empty: those of the files.
  std::string host_key_fingerprint;
  // Never true together with a fingerprint.
  bool accept_new_host_keys = false;
  absl::Duration connect_timeout;
  absl::Duration keepalive_interval;
  // Absolute. Empty: the first folder that works.
  std::string runner_directory;
  // Below the mount point of each hierarchy, without a slash at its ends.
  std::string cgroup;
  // false: work is refused while a limit cannot be enforced ("strict").
  bool best_effort = false;
  SshRotationSettings rotation;
};

// Checks the section that stands at `path`. Sets `timeout` where the section
// has one.
SshSettings ReadSshSettings(const config::v1::Ssh& ssh, const std::string& path,
                            ProblemList& problems, absl::Duration& timeout);

}  // namespace airlock
