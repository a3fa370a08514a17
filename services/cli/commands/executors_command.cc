#include "services/cli/commands/executors_command.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/drain.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/executor_text.h"
#include "services/cli/render/fact_list.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::Executor;

struct Options {
  ConnectionFlags connection = {.as_operator = true};
  std::string id;
  bool wait = false;
  std::string timeout = "1h";
};

// "3/64".
std::string OutOf(std::uint32_t has, std::uint32_t most) {
  return absl::StrCat(has, "/", most);
}

int List(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto response = (*client)->ListExecutors({});
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  Table table({"ID", "STATE", "BACKEND", "RUNNING", "SANDBOXES", "WARM",
               "SESSIONS", "LIMITS HOLD", "VERSION", "CONTACT"});
  for (const Executor& executor : response->executors()) {
    table.AddRow({EscapeText(executor.id()), ExecutorConditionText(executor),
                  EscapeText(executor.backend()),
                  OutOf(executor.running(), executor.slots()),
                  OutOf(executor.sandboxes(), executor.max_sandboxes()),
                  OutOf(executor.warm_sandboxes(), executor.warm_target()),
                  absl::StrCat(executor.sessions()), ChecksText(executor),
                  EscapeText(executor.version()),
                  TimeText(executor.contact_time())});
  }
  std::cout << table.ToText() << std::flush;
  return kExitOk;
}

std::string LabelsText(const Executor& executor) {
  std::vector<std::string> labels;
  for (const auto& [name, value] : executor.labels()) {
    labels.push_back(absl::StrCat(EscapeText(name), "=", EscapeText(value)));
  }
  std::sort(labels.begin(), labels.end());
  return absl::StrJoin(labels, " ");
}

void PrintExecutor(const Executor& executor) {
  FactList facts;
  facts.Add("id", EscapeText(executor.id()));
  facts.Add("state", ExecutorConditionText(executor));
  if (!executor.not_ready_message().empty()) {
    facts.Add("why", EscapeRendered(executor.not_ready_message()));
  }
  facts.Add("backend", EscapeText(executor.backend()));
  facts.Add("version", EscapeText(executor.version()));
  facts.Add("labels", LabelsText(executor));
  facts.Add("contact", TimeText(executor.contact_time()));
  facts.Add("running",
            absl::StrCat(executor.running(), " of ", executor.slots()));
  facts.Add("sandboxes", absl::StrCat(executor.sandboxes(), " of ",
                                      executor.max_sandboxes()));
  facts.Add("warm", absl::StrCat(executor.warm_sandboxes(), " of ",
                                 executor.warm_target()));
  facts.Add("sessions", absl::StrCat(executor.sessions()));
  for (const std::string& image : executor.images()) {
    facts.Add("image", EscapeText(image));
  }
  std::cout << facts.text();
  if (!executor.checks().empty()) {
    Table checks({"LIMIT", "HOLDS", "FOUND"});
    for (const airlock::v1::EnforcementCheck& check : executor.checks()) {
      checks.AddRow({EscapeText(check.name()), check.ok() ? "yes" : "NO",
                     EscapeText(check.message())});
    }
    std::cout << "\n" << checks.ToText();
  }
  std::cout << std::flush;
}

// Prints what became of an executor that was asked for something.
int Tell(const CommandLine& line, const Executor& executor) {
  if (line.output == OutputFormat::kJson) return PrintJson(line, executor);
  std::cout << EscapeText(executor.id()) << ": "
            << ExecutorStateText(executor.state()) << std::endl;
  return kExitOk;
}

int Show(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto executor = FindExecutor(**client, options.id);
  if (!executor.ok()) return Fail(line, executor.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *executor);
  PrintExecutor(*executor);
  return kExitOk;
}

int Cordon(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::CordonExecutorRequest request;
  request.set_id(options.id);
  const auto response = (*client)->Cordon(request);
  if (!response.ok()) return Fail(line, response.status());
  return Tell(line, response->executor());
}

int Uncordon(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::UncordonExecutorRequest request;
  request.set_id(options.id);
  const auto response = (*client)->Uncordon(request);
  if (!response.ok()) return Fail(line, response.status());
  return Tell(line, response->executor());
}

int Drain(const CommandLine& line, const Options& options) {
  absl::Duration timeout;
  if (!absl::ParseDuration(options.timeout, &timeout) ||
      timeout <= absl::ZeroDuration()) {
    return Fail(line, absl::InvalidArgumentError(absl::StrCat(
                          "--timeout must be a time such as 10m: got \"",
                          options.timeout, "\"")));
  }
  const auto client = ConnectAs(options.connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::DrainExecutorRequest request;
  request.set_id(options.id);
  const auto response = (*client)->Drain(request);
  if (!response.ok()) return Fail(line, response.status());
  if (!options.wait) return Tell(line, response->executor());
  const auto drained =
      AwaitDrained(**client, options.id, absl::Now() + timeout, PrintNote);
  if (!drained.ok()) return Fail(line, drained.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *drained);
  std::cout << EscapeText(drained->id()) << ": nothing is left" << std::endl;
  return kExitOk;
}

constexpr const char* kFooter =
    "For operators: where `airlock up` runs these ask with the operator's\n"
    "token that it made.\n"
    "Examples:\n"
    "  airlock executors ls\n"
    "  airlock executors show ID\n"
    "  airlock executors drain ID --wait --timeout 10m";

}  // namespace

void AddExecutorsCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* executors = app.add_subcommand(
      "executors", "Lists what runs actions, and takes it out of use");
  executors->require_subcommand(1);
  executors->footer(kFooter);
  const auto add = [&](const std::string& name, const std::string& description,
                       int (*action)(const CommandLine&, const Options&)) {
    return AddCallingCommand(
        *executors, line, options->connection, name, description,
        [&line, options, action] { return action(line, *options); });
  };
  add("ls", "Lists executors", List);
  CLI::App* show = add("show", "Shows all that is known of one", Show);
  CLI::App* cordon =
      add("cordon",
          "Gives one no more work but in the sessions it has, until it is "
          "uncordoned",
          Cordon);
  CLI::App* uncordon =
      add("uncordon", "Gives one work again: ends cordon and drain", Uncordon);
  CLI::App* drain =
      add("drain",
          "Cordons one and closes its sessions, each when nothing runs in it",
          Drain);
  drain->add_flag("--wait", options->wait,
                  "Waits until it has neither executions nor sessions");
  drain
      ->add_option("--timeout", options->timeout,
                   "With --wait: gives up after this long; it goes on draining")
      ->type_name("TIME")
      ->capture_default_str();
  for (CLI::App* command : {show, cordon, uncordon, drain}) {
    command->add_option("id", options->id, "Which one")->required();
  }
}

}  // namespace airlock::cli
