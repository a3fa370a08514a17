// The machine's engine, as somebody else on it would use it.
#pragma once

#include <string>
#include <vector>

namespace airlock {

// Runs `docker <args>` and returns the lines it wrote to standard output; none
// if it failed. `args` are for the shell.
std::vector<std::string> Docker(const std::string& args);

// Whether an engine answers.
bool DockerAnswers();

}  // namespace airlock
