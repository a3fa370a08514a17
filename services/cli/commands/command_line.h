// What every subcommand shares: the words after "--", how results are shown,
// and how errors end the program.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "nlohmann/json_fwd.hpp"

namespace airlock::cli {

// How results are shown.
enum class OutputFormat { kTable, kJson };

// Exit codes of this program's own; see run/exit_code.h for those that come
// of executions.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// The parsed command line. Lives as long as the program.
struct CommandLine {
  // Everything after the first "--", untouched; nothing if there was none.
  std::optional<std::vector<std::string>> words;
  OutputFormat output = OutputFormat::kTable;
  // What the chosen subcommand does; the program ends with its exit code.
  std::function<int()> action;
  // The exit code of errors. Subcommands that pass on a command's code use 125.
  int failure_code = kExitFailure;
};

// Adds "-o, --output table|json".
void AddOutputOption(CLI::App& command, CommandLine& line);

// Prints the error on standard error, as the output format says, and returns
// the exit code for it.
int Fail(const CommandLine& line, const absl::Status& error);

// Prints `error` if it is one; the exit code in any case.
int Finish(const CommandLine& line, const absl::Status& status);

// Prints indented JSON on standard output; the exit code.
int PrintJson(const CommandLine& line,
              const google::protobuf::Message& message);
int PrintJson(const nlohmann::json& json);

}  // namespace airlock::cli
