#include "services/cli/commands/policy_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/replay_policy.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/fact_list.h"
#include "services/cli/render/freeze_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

struct Options {
  ActionOptions action;
  ConnectionFlags connection;
  // An agent may not ask for the status.
  ConnectionFlags status_connection = {.as_operator = true};
  std::string agent;
};

std::string EffectText(airlock::v1::Decision::Effect effect) {
  const std::string& name = airlock::v1::Decision::Effect_Name(effect);
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripPrefix(name, "EFFECT_")), {{"_", " "}});
}

void PrintDecision(const airlock::v1::ExplainActionResponse& response) {
  const airlock::v1::Decision& decision = response.decision();
  std::cout << EffectText(decision.effect()) << " by "
            << EscapeText(decision.rule()) << " ("
            << EscapeText(decision.reason())
            << "): " << EscapeText(decision.explanation()) << "\n\n";
  Table table({"STEP", "DECIDES", "BECAUSE"});
  for (const airlock::v1::DecisionStep& step : response.steps()) {
    table.AddRow({EscapeText(step.rule()), step.applied() ? "yes" : "no",
                  EscapeText(step.explanation())});
  }
  std::cout << table.ToText() << std::flush;
}

int Explain(const CommandLine& line, const Options& options) {
  const absl::StatusOr<std::string> code = ReadCode(options.action);
  if (!code.ok()) return Fail(line, code.status());
  absl::StatusOr<airlock::v1::Action> action =
      MakeAction(options.action, *code, "");
  if (!action.ok()) return Fail(line, action.status());
  airlock::v1::ExplainActionRequest request;
  *request.mutable_action() = *std::move(action);
  request.set_agent(options.agent);
  const auto client = ConnectAs(AsWhoNames(options.agent, options.connection));
  if (!client.ok()) return Fail(line, client.status());
  const auto response = (*client)->Explain(request);
  if (!response.ok()) return Fail(line, response.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *response);
  PrintDecision(*response);
  return kExitOk;
}

int Status(const CommandLine& line, const Options& options) {
  const auto client = ConnectAs(options.status_connection);
  if (!client.ok()) return Fail(line, client.status());
  const auto status = (*client)->GetPolicyStatus({});
  if (!status.ok()) return Fail(line, status.status());
  if (line.output == OutputFormat::kJson) return PrintJson(line, *status);
  FactList facts;
  facts.Add("version", EscapeText(status->policy_version()));
  facts.Add("in force", TimeText(status->load_time()));
  if (!status->reload_error().empty()) {
    facts.Add("not loaded", EscapeText(status->reload_error()));
  }
  std::cout << facts.text() << FreezesText(status->freezes()) << std::flush;
  return kExitOk;
}

}  // namespace

void AddPolicyCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* policy = app.add_subcommand("policy", "Asks the policy");
  policy->require_subcommand(1);
  AddCallingCommand(*policy, line, options->status_connection, "status",
                    "Says which policy is in force and what is frozen",
                    [&line, options] { return Status(line, *options); })
      ->footer(
          "\"not loaded\" says why a newer configuration is not in force.\n"
          "Example:\n"
          "  airlock policy status -o json");
  CLI::App* explain = policy->add_subcommand(
      "explain", "Says what would be decided and why, running nothing");
  AddActionOptions(*explain, options->action);
  explain->add_option("--agent", options->agent,
                      "As if this agent asked; for operators");
  AddOutputOption(*explain, line);
  AddConnectionOptions(*explain, options->connection);
  explain->footer(
      "Examples:\n"
      "  airlock policy explain -- rm -rf /workspace\n"
      "  airlock policy explain --lang python -- 'print(1)'");
  AddReplayCommand(*policy, line);
  explain->callback([&line, options] {
    TakeWords(line, options->action);
    line.action = [&line, options] { return Explain(line, *options); };
  });
}

}  // namespace airlock::cli
