#include "services/cli/commands/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>

#include "services/cli/commands/approvals_command.h"
#include "services/cli/commands/audit_command.h"
#include "services/cli/commands/certs_command.h"
#include "services/cli/commands/command_line.h"
#include "services/cli/commands/config_command.h"
#include "services/cli/commands/executions_command.h"
#include "services/cli/commands/executors_command.h"
#include "services/cli/commands/files_command.h"
#include "services/cli/commands/freeze_command.h"
#include "services/cli/commands/health_command.h"
#include "services/cli/commands/keys_command.h"
#include "services/cli/commands/policy_command.h"
#include "services/cli/commands/queue_command.h"
#include "services/cli/commands/report_command.h"
#include "services/cli/commands/run_command.h"
#include "services/cli/commands/sessions_command.h"
#include "services/cli/commands/standing_command.h"
#include "services/cli/commands/store_command.h"
#include "services/cli/commands/tokens_command.h"
#include "services/cli/commands/up_command.h"
#include "services/cli/commands/version_command.h"
#include "services/cli/run/exit_code.h"

namespace airlock::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  airlock up\n"
    "  airlock run -- echo \"Hello from sandbox\"\n"
    "  airlock run --lang python -- 'print(6 * 7)'\n"
    "  airlock executions ls\n"
    "  airlock approvals watch\n"
    "\n"
    "airlock COMMAND --help says more.";

// What stands after "--" belongs to the command that is run: CLI11 must not
// look for options of ours in it.
void SplitWords(std::vector<std::string>& arguments, CommandLine& line) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) return;
  line.words.emplace(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
}

}  // namespace

int RunProgram(std::vector<std::string> arguments) {
  CommandLine line;
  SplitWords(arguments, line);
  const bool is_run = !arguments.empty() && arguments.front() == "run";
  CLI::App app("Airlock runs what AI agents ask for inside sandboxes.",
               "airlock");
  app.require_subcommand(1);
  app.footer(kFooter);
  AddUpCommand(app, line);
  AddRunCommand(app, line);
  AddSessionsCommand(app, line);
  AddFilesCommand(app, line);
  AddExecutionsCommand(app, line);
  AddApprovalsCommand(app, line);
  AddStandingCommand(app, line);
  AddQueueCommand(app, line);
  AddExecutorsCommand(app, line);
  AddAuditCommand(app, line);
  AddPolicyCommand(app, line);
  AddReportCommand(app, line);
  AddFreezeCommands(app, line);
  AddConfigCommand(app, line);
  AddHealthCommand(app, line);
  AddCertsCommand(app, line);
  AddKeysCommand(app, line);
  AddTokensCommand(app, line);
  AddStoreCommand(app, line);
  AddVersionCommand(app, line);
  try {
    // CLI11 takes the last one first.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) == 0) return kExitOk;
    // 2 could be the code of the command that was to run.
    return is_run ? kExitAirlockError : kExitUsage;
  }
  return line.action();
}

}  // namespace airlock::cli
