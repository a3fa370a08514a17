// The program: its subcommands, and the way from argv to an exit code.
#pragma once

#include <string>
#include <vector>

namespace airlock::cli {

// Runs what `arguments` (without the program's name) ask for. Returns the
// exit code of the process. Call once per process, before other threads are
// there: some subcommands block signals.
int RunProgram(std::vector<std::string> arguments);

}  // namespace airlock::cli
