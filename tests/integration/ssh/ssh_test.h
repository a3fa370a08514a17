// What the tests of SSH connections share.
#pragma once

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/host_socket.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"
#include "services/executor/backends/ssh/connection/ssh_target.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {

// Longer than anything takes here.
inline absl::Time Soon() { return absl::Now() + absl::Seconds(50); }

inline absl::StatusOr<std::unique_ptr<SshConnection>> Dial(
    const SshTarget& target) {
  return SshConnection::Dial(target, Soon());
}

// A target that waits as long as the test does: machines are slow at times.
inline SshTarget PatientTarget(const TestSshd& sshd) {
  SshTarget target = sshd.Target();
  target.connect_timeout = absl::Seconds(50);
  return target;
}

inline void WriteText(
    const std::string& path, absl::string_view text,
    std::filesystem::perms mode = std::filesystem::perms::owner_read |
                                  std::filesystem::perms::owner_write) {
  std::ofstream(path, std::ios::trunc) << text;
  std::filesystem::permissions(path, mode);
}

}  // namespace airlock::executor
