// `airlock freeze` and `airlock thaw`.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/commands/command_line.h"

namespace airlock::cli {

// Adds both subcommands. Both arguments must outlive the parsing and the
// action.
void AddFreezeCommands(CLI::App& app, CommandLine& line);

}  // namespace airlock::cli
