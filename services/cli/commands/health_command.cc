#include "services/cli/commands/health_command.h"

#include <iostream>
#include <memory>
#include <string>

#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/client/health.h"

namespace airlock::cli {
namespace {

struct Options {
  std::string target;
  std::string service = "readiness";
  int timeout_ms = 2000;
};

int Health(const CommandLine& line, const Options& options) {
  const absl::StatusOr<bool> serving = AskHealth(
      options.target, options.service, absl::Milliseconds(options.timeout_ms));
  if (!serving.ok()) return Fail(line, serving.status());
  if (line.output == OutputFormat::kJson) {
    PrintJson(
        nlohmann::json{{"service", options.service}, {"serving", *serving}});
  } else {
    std::cout << EscapeText(options.service) << ": "
              << (*serving ? "serving" : "not serving") << std::endl;
  }
  return *serving ? kExitOk : kExitFailure;
}

}  // namespace

void AddHealthCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "health", "Asks a service whether it is well; 1 if it is not");
  command
      ->add_option("address", options->target,
                   "Where its health is served, as probeListen names it")
      ->required()
      ->type_name("HOST:PORT");
  command->add_option("--service", options->service, "readiness or liveness")
      ->check(CLI::IsMember({"readiness", "liveness"}).description(""))
      ->capture_default_str();
  command
      ->add_option("--timeout-ms", options->timeout_ms,
                   "How long to wait for an answer")
      ->check(CLI::Range(1, 60000).description(""))
      ->capture_default_str();
  AddOutputOption(*command, line);
  command->footer("Example:\n  airlock health 127.0.0.1:7410");
  command->callback([&line, options] {
    line.action = [&line, options] { return Health(line, *options); };
  });
}

}  // namespace airlock::cli
