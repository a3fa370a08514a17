// What this program is called where it was uploaded.
#pragma once

#include <string>
#include <string_view>

namespace airlock::runner {

// Whether a file may be one of ours: "airlock-runner-" and a SHA-256.
bool IsRunnerName(std::string_view name);

// Absolute path of the program that runs. Empty: nobody knows.
std::string OwnProgram();

}  // namespace airlock::runner
