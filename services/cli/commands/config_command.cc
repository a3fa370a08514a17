#include "services/cli/commands/config_command.h"

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/commands/config_check.h"
#include "services/cli/commands/config_connect.h"

namespace airlock::cli {
namespace {

// To connect, upload the runner and try a sandbox.
constexpr absl::Duration kConnectTimeout = absl::Seconds(60);

// What is to be checked.
struct ConfigChecks {
  std::vector<std::string> files;
  bool connect = false;
};

nlohmann::json ProblemsJson(const ProblemList& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const ConfigProblem& problem : problems.problems()) {
    list.push_back({{"path", problem.path},
                    {"message", problem.message},
                    {"severity", problem.is_warning ? "warning" : "error"}});
  }
  return list;
}

nlohmann::json TrialJson(const executor::BackendTrial& trial) {
  nlohmann::json checks = nlohmann::json::array();
  for (const executor::EnforcementCheck& check : trial.checks) {
    checks.push_back(
        {{"name", check.name}, {"ok", check.ok}, {"message", check.message}});
  }
  return {{"ok", trial.status.ok()},
          {"error", EscapeText(trial.status.message())},
          {"checks", checks}};
}

void PrintTrial(const executor::BackendTrial& trial) {
  for (const executor::EnforcementCheck& check : trial.checks) {
    std::cout << "  " << check.name << ": "
              << (check.ok ? "holds" : EscapeText(check.message)) << "\n";
  }
  std::cout << "  backend: "
            << (trial.status.ok() ? "ok" : EscapeText(trial.status.message()))
            << "\n";
}

int Check(const CommandLine& line, const ConfigChecks& checks) {
  bool all_good = true;
  nlohmann::json results = nlohmann::json::array();
  for (const std::string& file : checks.files) {
    const ProblemList problems = CheckConfigFile(file);
    std::optional<executor::BackendTrial> trial;
    if (checks.connect && !problems.has_errors()) {
      trial = ConnectBackend(file, kConnectTimeout);
    }
    const bool good =
        !problems.has_errors() && (!trial.has_value() || trial->status.ok());
    all_good = all_good && good;
    nlohmann::json& result = results.emplace_back(nlohmann::json{
        {"file", file}, {"ok", good}, {"problems", ProblemsJson(problems)}});
    if (trial.has_value()) result["backend"] = TrialJson(*trial);
    if (line.output == OutputFormat::kJson) continue;
    std::cout << file << ": " << (good ? "ok" : "wrong") << "\n"
              << FormatProblems(problems);
    if (trial.has_value()) PrintTrial(*trial);
    std::cout << std::flush;
  }
  if (line.output == OutputFormat::kJson) {
    PrintJson(nlohmann::json{{"files", results}});
  }
  return all_good ? kExitOk : kExitFailure;
}

}  // namespace

void AddConfigCommand(CLI::App& app, CommandLine& line) {
  const auto checks = std::make_shared<ConfigChecks>();
  CLI::App* config = app.add_subcommand("config", "Checks configuration files");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand(
      "check", "Prints every problem with its key path; 1 if there are errors");
  check->add_option("files", checks->files, "Which ones")
      ->required()
      ->type_name("FILE...");
  check->add_flag("--connect", checks->connect,
                  "Also tries the backend: connects to the Docker engine or "
                  "the SSH host and tries every limit in a sandbox there");
  AddOutputOption(*check, line);
  check->footer("Example:\n  airlock config check --connect airlock.json");
  check->callback([&line, checks] {
    line.action = [&line, checks] { return Check(line, *checks); };
  });
}

}  // namespace airlock::cli
