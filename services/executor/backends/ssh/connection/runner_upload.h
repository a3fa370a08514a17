// The runner program on an SSH host.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"

namespace airlock::executor {

// Where the runner is on this machine, by what `uname -m` says of a host:
// "x86_64", "aarch64".
using RunnerBinaries = std::map<std::string, std::string>;

// The runner on a host.
struct RemoteRunner {
  // Absolute, on the host: "<folder>/airlock-runner-<sha256>".
  std::string path;
  // Of the host, as `uname -m` says it.
  std::string architecture;
  // Whether it was sent now: it was not there, or not as it must be.
  bool uploaded = false;
};

// Makes sure that the runner is on the host and runs there. A program that is
// there already is compared by its content and not sent again.
//
// It goes into `directory`, or if that is "" into the first folder that does
// of: ~/.cache/airlock, $XDG_RUNTIME_DIR/airlock, /var/tmp/airlock-<uid>,
// /dev/shm/airlock-<uid>. A folder does if it is the account's own, no
// symbolic link, closed to others (0700, made if missing), has room and
// executes programs. Executors may do this at the same time; nobody ever sees
// half a program under the final name.
//
// kFailedPrecondition ARCHITECTURE_UNSUPPORTED: no binary for this host.
// kFailedPrecondition NO_RUNNER_FOLDER: no folder did; the message says why of
// each. kNotFound, kInvalidArgument: the local binary. Else the errors of
// SshConnection::Run().
absl::StatusOr<RemoteRunner> UploadRunner(SshConnection& connection,
                                          const RunnerBinaries& binaries,
                                          absl::string_view directory,
                                          absl::Time deadline);

}  // namespace airlock::executor
