#include "services/cli/commands/config_check.h"

#include "common/config/config_file.h"
#include "common/config/contract.h"

namespace airlock::cli {

ProblemList CheckConfigFile(const std::string& path) {
  ConfigReading reading = ReadConfigFile(path);
  ContractFromConfig(reading.config, reading.problems);
  return reading.problems;
}

}  // namespace airlock::cli
