// `airlock approvals watch`.
#pragma once

#include <string>

#include "services/cli/client/connection.h"
#include "services/cli/commands/command_line.h"

namespace airlock::cli {

// Follows approvals: on a terminal as a conversation, which ends when the
// person leaves it; elsewhere, with `plain` and as JSON a line for each change,
// until the process is ended or nobody reads it any more. Returns the exit
// code.
int WatchApprovals(const CommandLine& line, ConnectionFlags connection,
                   const std::string& agent, bool plain);

}  // namespace airlock::cli
