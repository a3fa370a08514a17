#include "services/cli/commands/config_command.h"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "services/cli/commands/config_check.h"

namespace airlock::cli {
namespace {

nlohmann::json ProblemsJson(const ProblemList& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const ConfigProblem& problem : problems.problems()) {
    list.push_back({{"path", problem.path},
                    {"message", problem.message},
                    {"severity", problem.is_warning ? "warning" : "error"}});
  }
  return list;
}

int Check(const CommandLine& line, const std::vector<std::string>& files) {
  bool all_good = true;
  nlohmann::json results = nlohmann::json::array();
  for (const std::string& file : files) {
    const ProblemList problems = CheckConfigFile(file);
    all_good = all_good && !problems.has_errors();
    results.push_back({{"file", file},
                       {"ok", !problems.has_errors()},
                       {"problems", ProblemsJson(problems)}});
    if (line.output == OutputFormat::kJson) continue;
    std::cout << file << ": " << (problems.has_errors() ? "wrong" : "ok")
              << "\n"
              << FormatProblems(problems) << std::flush;
  }
  if (line.output == OutputFormat::kJson) {
    PrintJson(nlohmann::json{{"files", results}});
  }
  return all_good ? kExitOk : kExitFailure;
}

}  // namespace

void AddConfigCommand(CLI::App& app, CommandLine& line) {
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* config = app.add_subcommand("config", "Checks configuration files");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand(
      "check", "Prints every problem with its key path; 1 if there are errors");
  check->add_option("files", *files, "Which ones")
      ->required()
      ->type_name("FILE...");
  AddOutputOption(*check, line);
  check->footer("Example:\n  airlock config check airlock.json");
  check->callback([&line, files] {
    line.action = [&line, files] { return Check(line, *files); };
  });
}

}  // namespace airlock::cli
