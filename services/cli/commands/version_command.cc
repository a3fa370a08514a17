#include "services/cli/commands/version_command.h"

#include <iostream>

#include "common/process/version.h"
#include "nlohmann/json.hpp"

namespace airlock::cli {

void AddVersionCommand(CLI::App& app, CommandLine& line) {
  CLI::App* command =
      app.add_subcommand("version", "Says which version this is");
  AddOutputOption(*command, line);
  command->callback([&line] {
    line.action = [&line] {
      if (line.output == OutputFormat::kJson) {
        return PrintJson(
            nlohmann::json{{"version", Version()}, {"commit", Commit()}});
      }
      std::cout << "airlock " << Version() << " (" << Commit() << ")"
                << std::endl;
      return kExitOk;
    };
  });
}

}  // namespace airlock::cli
