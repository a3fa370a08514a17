// The start of one program.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "services/runner/start_error.h"

namespace airlock::runner {

// What to start. The descriptors stay the caller's.
struct LaunchPlan {
  std::vector<std::string> argv;
  std::vector<std::string> env;
  int cwd_fd = -1;
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // Where its output is read: for its keeper, if it gets one.
  std::array<int, 2> output_fds = {-1, -1};
  // The most files it may have open. 0: as many as this program.
  std::uint64_t open_files = 0;
};

// Starts a program in a session of its own, with default signal handling, an
// empty signal mask, umask 022, exactly `env`, and no descriptor but 0, 1 and
// 2. argv[0] without a slash is searched in PATH of `env`. Returns when the
// program runs, and sets `pid`, or when it cannot. The caller has blocked all
// signals.
StartError Launch(const LaunchPlan& plan, pid_t& pid);

// Where argv[0] is looked for, in order: itself when it has a slash, else
// below each directory of PATH in `env`.
std::vector<std::string> ExecCandidates(const std::string& program,
                                        const std::vector<std::string>& env);

}  // namespace airlock::runner
