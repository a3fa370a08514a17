// Options that several subcommands have.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/cli/client/airlock_client.h"
#include "services/cli/client/connection.h"
#include "services/cli/commands/command_line.h"
#include "services/cli/filters/execution_filter.h"
#include "services/cli/run/action_options.h"

namespace airlock::cli {

// Adds --endpoint, --token-file, --cert, --key, --ca and --state. `flags` must
// outlive the parsing.
void AddConnectionOptions(CLI::App& command, ConnectionFlags& flags);

// Adds --operator. `flags` must outlive the parsing.
void AddOperatorOption(CLI::App& command, ConnectionFlags& flags);

// Adds --lang, --file, --shell, --env and --cwd. `options` must outlive the
// parsing.
void AddActionOptions(CLI::App& command, ActionOptions& options);

// Adds --memory, --cpu, --pids and --output-limit. `options` must outlive the
// parsing.
void AddLimitOptions(CLI::App& command, LimitOptions& options);

// Adds --since, --until and --agent. `range` must outlive the parsing.
void AddRangeOptions(CLI::App& command, RangeOptions& range);

// Adds a subcommand that calls Airlock: with the options of its output and of
// the connection. `line` and `flags` must outlive the action.
CLI::App* AddCallingCommand(CLI::App& parent, CommandLine& line,
                            ConnectionFlags& flags, const std::string& name,
                            const std::string& description,
                            std::function<int()> action);

// Refuses an empty value: a variable of the shell that was not set must not
// mean something else.
CLI::Validator NotEmpty();

// Takes what stands after "--". Throws CLI::ValidationError, as callbacks of
// CLI11 do, if words stand before it.
void TakeWords(const CommandLine& line, ActionOptions& options);

// The flags of who names an agent: only an operator may name any, so that an
// operator asks.
ConnectionFlags AsWhoNames(const std::string& agent, ConnectionFlags flags);

// A client for what the flags, the environment and `airlock up` say.
absl::StatusOr<std::unique_ptr<AirlockClient>> ConnectAs(
    const ConnectionFlags& flags);

// The code that --file names, from the file or standard input; "" without it.
absl::StatusOr<std::string> ReadCode(const ActionOptions& options);

}  // namespace airlock::cli
