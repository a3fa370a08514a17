#include "services/cli/run/action_options.h"

#include <array>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/values.h"
#include "common/time/proto_time.h"

namespace airlock::cli {
namespace {

using airlock::v1::Action;
using airlock::v1::ExecuteRequest;
using airlock::v1::ProcessInput;

constexpr std::size_t kMaxCodeBytes = 1 << 20;

absl::Status SetEnv(const std::vector<std::string>& env, ProcessInput& input) {
  for (const std::string& entry : env) {
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--env must be NAME=VALUE: got \"", entry, "\""));
    }
    if (equals != std::string::npos) {
      (*input.mutable_env())[name] = entry.substr(equals + 1);
      continue;
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--env ", name,
                       ": there is no such variable here; NAME=VALUE "
                       "gives it one"));
    }
    (*input.mutable_env())[name] = value;
  }
  return absl::OkStatus();
}

absl::Status SetCode(const ActionOptions& options, const std::string& code,
                     airlock::v1::CodeExec& exec) {
  std::vector<std::string> args = options.words;
  exec.set_language(options.language);
  if (!options.file.empty()) {
    exec.set_code(code);
  } else if (args.empty()) {
    return absl::InvalidArgumentError(
        "there is no code: give it after --, or --file");
  } else {
    exec.set_code(args.front());
    args.erase(args.begin());
  }
  if (exec.code().size() > kMaxCodeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the code must be at most ", kMaxCodeBytes,
                     " bytes: it has ", exec.code().size()));
  }
  exec.mutable_args()->Assign(args.begin(), args.end());
  return absl::OkStatus();
}

// It is a line and nothing else.
absl::Status CheckSsh(const ActionOptions& options,
                      const std::string& standard_input) {
  const auto others = std::to_array<std::pair<bool, absl::string_view>>(
      {{!options.language.empty(), "--lang"},
       {!options.file.empty(), "--file"},
       {!options.shell.empty(), "--shell"},
       {!options.env.empty(), "--env"},
       {!options.cwd.empty(), "--cwd"},
       {options.accepts_later_input, "--interactive"},
       {!standard_input.empty(), "standard input"},
       {!options.words.empty(), "a command after --"}});
  for (const auto& [given, what] : others) {
    if (!given) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "--ssh takes one line and nothing else: leave out ", what));
  }
  return absl::OkStatus();
}

absl::Status CheckTogether(const ActionOptions& options) {
  if (!options.language.empty() && !options.shell.empty()) {
    return absl::InvalidArgumentError(
        "--lang and --shell exclude each other; --lang bash runs a script");
  }
  if (options.language.empty() && !options.file.empty()) {
    return absl::InvalidArgumentError(
        "--file needs --lang: it names the code's language");
  }
  if (!options.shell.empty() && !options.words.empty()) {
    return absl::InvalidArgumentError(
        "--shell takes one line; nothing may follow it after --");
  }
  if (options.language.empty() && options.shell.empty() &&
      options.words.empty()) {
    return absl::InvalidArgumentError(
        "there is nothing to run: give a command after --, or --lang, "
        "--shell or --ssh");
  }
  return absl::OkStatus();
}

template <typename Value>
absl::Status Set(absl::string_view option, const absl::StatusOr<Value>& value,
                 const std::string& text) {
  if (!value.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " ", value.status().message()));
  }
  if (*value == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " must be more than zero: got \"", text, "\""));
  }
  return absl::OkStatus();
}

absl::Status SetTimeout(const std::string& text, ExecuteRequest& request) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() ||
      timeout > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout must be a time such as 10s, 500ms or 1m30s: got \"", text,
        "\""));
  }
  *request.mutable_timeout() = ToProto(timeout);
  return absl::OkStatus();
}

// `request` has limits; they stay unset if no option says any.
template <typename Request>
absl::Status SetSandboxLimits(const LimitOptions& options, Request& request) {
  absl::Status status;
  if (!options.memory.empty()) {
    const auto bytes = ParseByteSize(options.memory);
    status = Set("--memory", bytes, options.memory);
    if (status.ok()) request.mutable_limits()->set_memory_bytes(*bytes);
  }
  if (status.ok() && !options.cpu.empty()) {
    const auto millis = ParseCpu(options.cpu);
    status = Set("--cpu", millis, options.cpu);
    if (status.ok()) request.mutable_limits()->set_cpu_millis(*millis);
  }
  if (status.ok() && !options.output.empty()) {
    const auto bytes = ParseByteSize(options.output);
    status = Set("--output-limit", bytes, options.output);
    if (status.ok()) request.mutable_limits()->set_output_bytes(*bytes);
  }
  if (options.pids > 0) request.mutable_limits()->set_pids(options.pids);
  return status;
}

}  // namespace

absl::StatusOr<Action> MakeAction(const ActionOptions& options,
                                  const std::string& code,
                                  const std::string& standard_input) {
  Action action;
  absl::Status status;
  if (!options.ssh.empty()) {
    status = CheckSsh(options, standard_input);
    if (!status.ok()) return status;
    action.mutable_ssh_exec()->set_command(options.ssh);
    return action;
  }
  status = CheckTogether(options);
  if (!status.ok()) return status;
  ProcessInput input;
  status = SetEnv(options.env, input);
  if (!status.ok()) return status;
  input.set_cwd(options.cwd);
  input.set_stdin(standard_input);
  input.set_accepts_later_input(options.accepts_later_input);
  if (!options.language.empty()) {
    airlock::v1::CodeExec* exec = action.mutable_code_exec();
    status = SetCode(options, code, *exec);
    if (!status.ok()) return status;
    *exec->mutable_input() = std::move(input);
    return action;
  }
  airlock::v1::SystemCommand* command = action.mutable_system_command();
  if (!options.shell.empty()) {
    command->set_shell(options.shell);
  } else {
    command->mutable_argv()->mutable_args()->Assign(options.words.begin(),
                                                    options.words.end());
  }
  *command->mutable_input() = std::move(input);
  return action;
}

absl::Status SetLimits(const LimitOptions& options, ExecuteRequest& request) {
  if (!options.timeout.empty()) {
    absl::Status status = SetTimeout(options.timeout, request);
    if (!status.ok()) return status;
  }
  return SetSandboxLimits(options, request);
}

absl::Status SetLimits(const LimitOptions& options,
                       airlock::v1::CreateSessionRequest& request) {
  return SetSandboxLimits(options, request);
}

}  // namespace airlock::cli
