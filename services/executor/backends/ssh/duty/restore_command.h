// A command of the operator that restores a host.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace airlock::executor {

// What is run, on this machine.
struct RestoreCommand {
  // Program, as an absolute path, and arguments.
  std::vector<std::string> words;
  // "NAME=value", all there are.
  std::vector<std::string> environment;
  absl::Duration timeout = absl::Minutes(5);
};

// Runs it in a process group of its own, without a shell and without input, and
// logs the beginning of what it writes, line by line. Blocks until it has
// ended; then nothing of its group is left.
//
// kNotFound: it cannot be started. kAborted: it failed, with its last line.
// kDeadlineExceeded: it took longer than its timeout. kCancelled: `stop` became
// true. In the last two cases it got SIGTERM and, a few seconds later, SIGKILL.
absl::Status RunRestoreCommand(const RestoreCommand& command,
                               const std::atomic<bool>& stop);

}  // namespace airlock::executor
