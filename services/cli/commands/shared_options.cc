#include "services/cli/commands/shared_options.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"
#include "services/cli/files/small_file.h"
#include "services/cli/run/read_input.h"

namespace airlock::cli {
namespace {

constexpr const char* kConnectionGroup = "Connection";
constexpr std::size_t kMaxCodeBytes = std::size_t{1} << 20;

}  // namespace

void AddConnectionOptions(CLI::App& command, ConnectionFlags& flags) {
  command
      .add_option("--endpoint", flags.endpoint,
                  "Where Airlock is; also AIRLOCK_ENDPOINT")
      ->type_name("HOST:PORT")
      ->group(kConnectionGroup);
  command
      .add_option("--token-file", flags.token_file,
                  "Who asks; also AIRLOCK_TOKEN_FILE, or AIRLOCK_TOKEN with "
                  "the token itself")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  command
      .add_option("--cert", flags.cert_file,
                  "Who asks, by a client's certificate; also AIRLOCK_CERT")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  command
      .add_option("--key", flags.key_file,
                  "Key of that certificate; also AIRLOCK_KEY")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  command
      .add_option("--ca", flags.ca_file,
                  "Authority of Airlock's certificate; also AIRLOCK_CA")
      ->type_name("FILE")
      ->group(kConnectionGroup);
  command
      .add_option("--state", flags.state_directory,
                  "State directory of `airlock up`, which has the defaults of "
                  "the above; also AIRLOCK_STATE")
      ->type_name("DIR")
      ->group(kConnectionGroup);
}

void AddOperatorOption(CLI::App& command, ConnectionFlags& flags) {
  command
      .add_flag("--operator", flags.as_operator,
                "Asks as the operator, who sees what is everybody's, with the "
                "token that `airlock up` made for one")
      ->group(kConnectionGroup);
}

void AddActionOptions(CLI::App& command, ActionOptions& options) {
  command
      .add_option("--lang", options.language,
                  "Runs code in this language: the first word after --, or "
                  "--file")
      ->type_name("NAME");
  command
      .add_option("--file", options.file,
                  "File with the code; - is standard "
                  "input")
      ->type_name("FILE");
  command.add_option("--shell", options.shell, "Runs a line by /bin/sh")
      ->type_name("LINE");
  command
      .add_option("--ssh", options.ssh,
                  "Runs a line by /bin/sh in a sandbox on an SSH host")
      ->type_name("LINE");
  command
      .add_option("--env", options.env,
                  "Adds a variable; NAME alone takes its value from here")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command
      .add_option("--cwd", options.cwd, "Working directory in the workspace")
      ->type_name("DIR");
  command.add_option("command", options.words, "What to run, after --")
      ->type_name("");
}

void AddLimitOptions(CLI::App& command, LimitOptions& options) {
  command
      .add_option("--memory", options.memory,
                  "Less memory than configured, such as 128m")
      ->type_name("SIZE");
  command
      .add_option("--cpu", options.cpu,
                  "Fewer processors than configured, such as 0.5")
      ->type_name("COUNT");
  command.add_option("--pids", options.pids, "Fewer processes than configured")
      ->type_name("COUNT");
  command
      .add_option("--output-limit", options.output,
                  "Less output than configured, such as 1m")
      ->type_name("SIZE");
}

void AddRangeOptions(CLI::App& command, RangeOptions& range) {
  command
      .add_option("--since", range.since,
                  "Only from then on: a time, a day, or how long ago, such as "
                  "7d")
      ->type_name("TIME");
  command.add_option("--until", range.until, "Only before then")
      ->type_name("TIME");
  command.add_option("--agent", range.agent,
                     "Only this agent's; for who sees those of all");
}

CLI::App* AddCallingCommand(CLI::App& parent, CommandLine& line,
                            ConnectionFlags& flags, const std::string& name,
                            const std::string& description,
                            std::function<int()> action) {
  CLI::App* command = parent.add_subcommand(name, description);
  AddOutputOption(*command, line);
  AddConnectionOptions(*command, flags);
  command->callback(
      [&line, action = std::move(action)] { line.action = action; });
  return command;
}

CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](const std::string& value) {
        return std::string(value.empty() ? "must not be empty" : "");
      },
      "");
}

void TakeWords(const CommandLine& line, ActionOptions& options) {
  if (!options.words.empty()) {
    throw CLI::ValidationError(
        absl::StrCat("put -- before what is to run: airlock run -- ",
                     EscapeText(options.words.front()), " ..."));
  }
  if (line.words.has_value()) options.words = *line.words;
}

ConnectionFlags AsWhoNames(const std::string& agent, ConnectionFlags flags) {
  flags.as_operator = flags.as_operator || !agent.empty();
  return flags;
}

absl::StatusOr<std::unique_ptr<AirlockClient>> ConnectAs(
    const ConnectionFlags& flags) {
  absl::StatusOr<Connection> connection =
      ResolveConnection(flags, ProcessEnvironment);
  if (!connection.ok()) return connection.status();
  return AirlockClient::Connect(*std::move(connection));
}

absl::StatusOr<std::string> ReadCode(const ActionOptions& options) {
  if (options.file.empty()) return "";
  if (options.file != "-") return ReadSmallFile(options.file, kMaxCodeBytes);
  return ReadToEnd(STDIN_FILENO, kMaxCodeBytes, [] {
    std::cerr << "airlock: waiting for the code on standard input" << std::endl;
  });
}

}  // namespace airlock::cli
