#include "services/cli/commands/config_check.h"

#include "common/config/config_file.h"
#include "services/cli/up/complete_config.h"
#include "services/cli/up/local_services.h"

namespace airlock::cli {

ProblemList CheckConfigFile(const std::string& path) {
  ConfigReading reading = ReadConfigFile(path);
  // What could not be read would only be complained about again.
  if (reading.problems.has_errors()) return reading.problems;
  // Completed as `airlock up` completes it; the names of files do not matter.
  CheckLocalConfig(CompleteConfig(reading.config, StatePaths("/")),
                   reading.problems);
  return reading.problems;
}

}  // namespace airlock::cli
