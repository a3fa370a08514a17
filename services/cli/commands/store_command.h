// `airlock store`.
#pragma once

#include <CLI/CLI.hpp>

#include "services/cli/commands/command_line.h"

namespace airlock::cli {

// Adds the subcommand. Both arguments must outlive the parsing and the action.
void AddStoreCommand(CLI::App& app, CommandLine& line);

}  // namespace airlock::cli
