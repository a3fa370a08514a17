#include "services/cli/commands/up_command.h"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"
#include "nlohmann/json.hpp"
#include "services/cli/client/client_facts.h"
#include "services/cli/commands/follow.h"
#include "services/cli/run/signal_watcher.h"
#include "services/cli/up/up.h"

namespace airlock::cli {
namespace {

constexpr int kExitInterrupted = 130;

// Facts as aligned lines, then "ready".
class TextReporter final : public UpReporter {
 public:
  void Tell(absl::string_view name, absl::string_view value) override {
    std::cout << name << std::string(18 - name.size(), ' ') << EscapeText(value)
              << std::endl;
  }
  void Wait(absl::string_view what) override {
    std::cout << "waiting: " << EscapeText(what) << std::endl;
  }
  void Ready() override { std::cout << "ready" << std::endl; }
  void Warn(absl::string_view text) override { PrintNote(EscapeText(text)); }
};

// One object when it is ready; the rest on standard error.
class JsonReporter final : public UpReporter {
 public:
  void Tell(absl::string_view name, absl::string_view value) override {
    facts_[std::string(name)] = std::string(value);
  }
  void Wait(absl::string_view what) override {
    PrintNote(absl::StrCat("waiting: ", EscapeText(what)));
  }
  void Ready() override { PrintJson(facts_); }
  void Warn(absl::string_view text) override { PrintNote(EscapeText(text)); }

 private:
  nlohmann::json facts_ = nlohmann::json::object();
};

std::unique_ptr<UpReporter> MakeReporter(OutputFormat output) {
  if (output == OutputFormat::kJson) return std::make_unique<JsonReporter>();
  return std::make_unique<TextReporter>();
}

int Up(const CommandLine& line, UpOptions options) {
  UpRequests requests;
  const SignalWatcher signals(
      [&requests](int count) {
        if (count > 1) std::_Exit(kExitInterrupted);
        PrintNote("stopping; once more ends it at once");
        requests.Stop();
      },
      [&requests] { requests.Reload(); });
  options.state_directory = StateDirectoryPath(options.state_directory);
  const std::unique_ptr<UpReporter> reporter = MakeReporter(line.output);
  return Finish(line, RunUp(options, *reporter, requests));
}

}  // namespace

void AddUpCommand(CLI::App& app, CommandLine& line) {
  const auto options = std::make_shared<UpOptions>();
  CLI::App* command = app.add_subcommand(
      "up", "Runs gateway, policy and executor on this machine");
  command
      ->add_option("--state", options->state_directory,
                   "Where certificates, tokens and facts are kept; also "
                   "AIRLOCK_STATE; default ~/.local/share/airlock")
      ->type_name("DIR");
  command
      ->add_option("--config", options->config_file,
                   "The configuration; what the services need of each other "
                   "is filled in where it is absent; default "
                   "airlock.json of the state directory")
      ->type_name("FILE");
  command
      ->add_option("--hosts", options->hosts,
                   "Further names and addresses of this machine, for the "
                   "certificates made at first use")
      ->delimiter(',')
      ->type_name("HOST,...");
  AddOutputOption(*command, line);
  command->footer(
      "Makes certificates, tokens and a configuration at first use, prints "
      "where they\nare, and \"ready\" when executions run. An approver's token "
      "is shown once, when\nthere is no approver yet, and kept nowhere. Logs "
      "go "
      "to standard error. SIGTERM\nand Ctrl-C stop it gracefully; SIGHUP reads "
      "the configuration again.\n"
      "Examples:\n"
      "  airlock up\n"
      "  airlock up --state /var/lib/airlock --config airlock.json");
  command->callback([&line, options] {
    line.action = [&line, options] { return Up(line, *options); };
  });
}

}  // namespace airlock::cli
