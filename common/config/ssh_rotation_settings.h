// `sandbox.ssh.rotation` and `sandbox.ssh.snapshot`, checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"

namespace airlock {

// When and how a host is made new.
struct SshRotationSettings {
  // Infinite: never because of its age.
  absl::Duration max_age = absl::InfiniteDuration();
  // Sandboxes. 0: any number.
  std::uint64_t max_uses = 0;
  // Program and arguments that restore the host. Empty: no such command.
  std::vector<std::string> restore;
  absl::Duration restore_timeout = absl::Minutes(5);
  // Restored after each sandbox, of which there is one at a time.
  bool every_session = false;

  // Whether it ever is.
  bool any() const {
    return max_age != absl::InfiniteDuration() || max_uses > 0 ||
           !restore.empty();
  }
};

// Checks `rotation` and `snapshot` of the section that stands at `path`.
SshRotationSettings ReadSshRotation(const config::v1::Ssh& ssh,
                                    const std::string& path,
                                    ProblemList& problems);

}  // namespace airlock
