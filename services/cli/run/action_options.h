// What the command line asks for, and the request it becomes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"

namespace airlock::cli {

// An action as the command line says it, shared by `run` and `policy explain`.
struct ActionOptions {
  // --lang: code_exec. Else a system_command.
  std::string language = {};
  // --file: where the code is, "-" for standard input. Only with `language`.
  std::string file = {};
  // --shell: a line for the shell.
  std::string shell = {};
  // --ssh: a line for the shell of a sandbox on an SSH host.
  std::string ssh = {};
  // --env, each NAME=VALUE, or NAME alone for the value it has here.
  std::vector<std::string> env = {};
  // --cwd.
  std::string cwd = {};
  // Standard input goes on while the process runs.
  bool accepts_later_input = false;
  // Everything after "--".
  std::vector<std::string> words = {};
};

// Limits as the command line says them; empty where it says nothing.
struct LimitOptions {
  // Such as "10s" or "1m30s".
  std::string timeout = {};
  // Such as "128m".
  std::string memory = {};
  // Such as "0.5".
  std::string cpu = {};
  std::uint32_t pids = 0;
  // Such as "1m".
  std::string output = {};
};

// The action, with `code` being what --file named (unused without it) and
// `standard_input` what the process shall read. With a language and without
// --file the first word is the code; other words are its arguments.
//
// kInvalidArgument: something is missing, contradicts something else or is
// larger than Airlock takes.
absl::StatusOr<airlock::v1::Action> MakeAction(
    const ActionOptions& options, const std::string& code,
    const std::string& standard_input);

// Sets the timeout and the limits of `request`. kInvalidArgument names the
// option.
absl::Status SetLimits(const LimitOptions& options,
                       airlock::v1::ExecuteRequest& request);

// The same for a session, which has no timeout.
absl::Status SetLimits(const LimitOptions& options,
                       airlock::v1::CreateSessionRequest& request);

}  // namespace airlock::cli
