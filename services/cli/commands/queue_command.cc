#include "services/cli/commands/queue_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "common/text_escape/escape.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/executor_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

struct Options {
  // What waits is first of all the operator's business.
  ConnectionFlags connection = {.as_operator = true};
  std::string agent;
};

int List(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::ListWaitingExecutionsRequest request;
  request.set_agent(options.agent);
  const auto response = (*client)->ListWaiting(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  Table table({"ID", "AGENT", "ACTION", "SESSION", "WAITS FOR", "SINCE",
               "UNTIL", "WHY"});
  for (const airlock::v1::WaitingExecution& waiting : response->waiting()) {
    const airlock::v1::Execution& execution = waiting.execution();
    table.AddRow(
        {EscapeText(execution.id()), EscapeText(execution.agent()),
         KindWord(execution.action_kind()),
         execution.session().empty() ? "-" : EscapeText(execution.session()),
         WaitingReasonText(waiting.reason()), TimeText(execution.create_time()),
         TimeText(waiting.deadline()), EscapeText(waiting.message())});
  }
  std::cout << table.ToText();
  if (response->untold() > 0) {
    std::cout << "and " << response->untold() << " more behind them\n";
  }
  std::cout << std::flush;
  return kExitOk;
}

}  // namespace

void AddQueueCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      AddCallingCommand(app, line, options->connection, "queue",
                        "Lists the executions that wait, why, and until when",
                        [&line, options] { return List(line, *options); });
  command->add_option("--agent", options->agent, "Only this agent's");
  command->footer(
      "In the order in which they will be given to executors. Asks as the\n"
      "operator where `airlock up` runs; with an agent's token it shows what "
      "is\n"
      "that agent's.\n"
      "Examples:\n"
      "  airlock queue\n"
      "  airlock queue --agent ci-bot -o json");
}

}  // namespace airlock::cli
