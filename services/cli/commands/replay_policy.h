// `airlock policy replay`.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/commands/command_line.h"

namespace airlock::cli {

// Adds the subcommand to `airlock policy`. Both arguments must outlive the
// parsing and the action.
void AddReplayCommand(CLI::App& policy, CommandLine& line);

}  // namespace airlock::cli
