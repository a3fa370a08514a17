// Everything that can be said about a configuration file without running it.
#pragma once

#include <string>

#include "common/config/problems.h"

namespace airlock::cli {

// Reads the file and checks every section as `airlock up` would: what a service
// needs of the others may be absent (a service's own --check-config asks for
// it). Blocks on the file system.
ProblemList CheckConfigFile(const std::string& path);

}  // namespace airlock::cli
