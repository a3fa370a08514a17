// What tests run.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock {

// A deadline of a test.
absl::Time Soon();

// Limits small enough for a test machine, with the project's own image.
executor::SandboxSpec TestSpec();

// A program with the base environment and 30 s of time.
executor::ProcessSpec TestProcess(std::vector<std::string> argv);
executor::ProcessSpec ShellLine(const std::string& line);

}  // namespace airlock
