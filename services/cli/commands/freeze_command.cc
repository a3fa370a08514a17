#include "services/cli/commands/freeze_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "services/cli/commands/shared_options.h"
#include "services/cli/render/freeze_text.h"

namespace airlock::cli {
namespace {

struct Options {
  // Only an operator may.
  ConnectionFlags connection = {.as_operator = true};
  std::string agent;
  std::string comment;
  bool kill = false;
};

int Freeze(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::FreezeRequest request;
  request.set_agent(options.agent);
  request.set_kill(options.kill);
  request.set_comment(options.comment);
  const auto response = (*client)->Freeze(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  if (options.kill) {
    std::cout << response->killed() << " executions were told to end\n";
  }
  std::cout << FreezesText(response->freezes()) << std::flush;
  return kExitOk;
}

int Thaw(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::ThawRequest request;
  request.set_agent(options.agent);
  const auto response = (*client)->Thaw(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  std::cout << FreezesText(response->freezes()) << std::flush;
  return kExitOk;
}

}  // namespace

void AddFreezeCommands(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* freeze =
      AddCallingCommand(app, line, options->connection, "freeze",
                        "Stops starting work at once, until it is thawed",
                        [&line, options] { return Freeze(line, *options); });
  freeze->add_flag("--kill", options->kill, "Also ends what runs");
  freeze->add_option("--comment", options->comment, "Why, for the record")
      ->type_name("TEXT");
  freeze->footer(
      "What waits goes on waiting: airlock queue. Durable when this returns.\n"
      "Examples:\n"
      "  airlock freeze --kill --comment 'incident 7'\n"
      "  airlock freeze --agent ci-bot");
  CLI::App* thaw = AddCallingCommand(
      app, line, options->connection, "thaw", "Starts work again",
      [&line, options] { return Thaw(line, *options); });
  thaw->footer(
      "Without --agent everything is thawed, single agents too.\n"
      "Example:\n"
      "  airlock thaw --agent ci-bot");
  // A variable of the shell that was not set must not mean all agents.
  for (CLI::App* command : {freeze, thaw}) {
    command->add_option("--agent", options->agent, "Only this agent's")
        ->check(NotEmpty());
  }
}

}  // namespace airlock::cli
