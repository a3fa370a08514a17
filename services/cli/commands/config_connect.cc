#include "services/cli/commands/config_connect.h"

#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "services/cli/up/complete_config.h"
#include "services/cli/up/local_services.h"
#include "services/executor/backend_factory.h"

namespace airlock::cli {

executor::BackendTrial ConnectBackend(const std::string& path,
                                      absl::Duration timeout) {
  ConfigReading reading = ReadConfigFile(path);
  const LocalSettings settings = CheckLocalConfig(
      CompleteConfig(reading.config, StatePaths("/")), reading.problems);
  // It may have changed since it was checked.
  if (reading.problems.has_errors()) {
    return {absl::FailedPreconditionError("the file has errors"), {}};
  }
  return executor::TryBackend(settings.executor,
                              executor::MakeBackendFactory(settings.executor),
                              absl::Now() + timeout);
}

}  // namespace airlock::cli
