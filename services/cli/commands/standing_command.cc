#include "services/cli/commands/standing_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "services/cli/commands/shared_options.h"
#include "services/cli/render/standing_text.h"

namespace airlock::cli {
namespace {

struct Options {
  // Who sees all where no token is named.
  ConnectionFlags connection = {.as_operator = true};
  std::string agent;
  std::string id;
};

int List(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::ListStandingApprovalsRequest request;
  request.set_agent(options.agent);
  const auto response = (*client)->ListStandingApprovals(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  std::cout << StandingApprovalsText(response->standing_approvals())
            << std::flush;
  return kExitOk;
}

int Revoke(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::RevokeStandingApprovalRequest request;
  request.set_id(options.id);
  const auto response = (*client)->RevokeStandingApproval(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) {
    return PrintJson(line, response->standing_approval());
  }
  std::cout << StandingApprovalLine(response->standing_approval()) << std::endl;
  return kExitOk;
}

}  // namespace

void AddStandingCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* standing = app.add_subcommand(
      "standing", "Lists and takes back what starts without a question");
  standing->require_subcommand(1);
  standing->footer(
      "They are given with an answer: airlock approvals approve ID --for 30m\n"
      "--uses 20. Nothing starts by one any more when its revoking returns.\n"
      "Examples:\n"
      "  airlock standing ls\n"
      "  airlock standing revoke ID");
  CLI::App* list =
      AddCallingCommand(*standing, line, options->connection, "ls",
                        "Lists those that hold, and those that ended lately",
                        [&line, options] { return List(line, *options); });
  list->add_option("--agent", options->agent, "Only this agent's")
      ->check(NotEmpty());
  CLI::App* revoke = AddCallingCommand(
      *standing, line, options->connection, "revoke", "Takes one back",
      [&line, options] { return Revoke(line, *options); });
  revoke->add_option("id", options->id, "Which one")
      ->required()
      ->check(NotEmpty());
}

}  // namespace airlock::cli
