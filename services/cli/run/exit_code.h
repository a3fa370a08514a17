// The exit code of an execution.
#pragma once

#include "airlock/v1/execution.pb.h"

namespace airlock::cli {

// Errors of Airlock itself, as docker run has it.
inline constexpr int kExitAirlockError = 125;
inline constexpr int kExitDenied = 77;
inline constexpr int kExitExpired = 78;
inline constexpr int kExitTimedOut = 124;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;
// 128 and the number of SIGINT.
inline constexpr int kExitCancelled = 130;
// 128 and the number of SIGKILL: a limit was exceeded.
inline constexpr int kExitKilled = 137;

// What `airlock run` exits with after an execution stands as `execution` says:
// the command's own code; 128+n for signal n; or one of those above. Never 0
// unless the command exited with 0. An execution that has not ended, and an
// unknown outcome, are errors of Airlock.
int ExitCodeOf(const airlock::v1::Execution& execution);

}  // namespace airlock::cli
