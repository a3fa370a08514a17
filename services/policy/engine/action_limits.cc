#include "services/policy/engine/action_limits.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/action_word.h"
#include "common/config/values.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "re2/re2.h"
#include "services/policy/engine/file_limits.h"
#include "services/policy/engine/process_limits.h"
#include "services/policy/engine/sandbox_limits.h"
#include "services/policy/engine/session_requests.h"
#include "services/policy/engine/url_host.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;

constexpr absl::string_view kKinds =
    "code_exec, system_command, file_read, file_list, file_write, file_delete, "
    "http_get, http_post or ssh_exec";

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

void CheckCodeExec(const airlock::v1::CodeExec& code,
                   const AgentContract& contract, FieldViolations& violations) {
  if (!contract.sandbox.languages.contains(code.language())) {
    std::vector<absl::string_view> names;
    for (const auto& [name, unused] : contract.sandbox.languages) {
      names.emplace_back(name);
    }
    violations.Add(
        "action.code_exec.language",
        absl::StrCat("must be a configured language (",
                     names.empty() ? "there is none" : JoinWords(names),
                     "): got ", QuoteForMessage(code.language())));
  }
  if (code.code().empty()) {
    violations.Add("action.code_exec.code", "must not be empty");
  }
  CheckText(code.code(), kMaxCodeBytes, "action.code_exec.code", violations);
  CheckArgs(code.args(), "action.code_exec.args", violations);
  CheckProcessInput(code.input(), "action.code_exec.input", violations);
}

void CheckShellLine(const std::string& line, const std::string& field,
                    FieldViolations& violations) {
  if (IsBlank(line)) violations.Add(field, "must not be blank");
  CheckText(line, kMaxShellBytes, field, violations);
}

void CheckSystemCommand(const airlock::v1::SystemCommand& command,
                        FieldViolations& violations) {
  using airlock::v1::SystemCommand;
  switch (command.command_case()) {
    case SystemCommand::kArgv:
      if (command.argv().args().empty() || command.argv().args(0).empty()) {
        violations.Add("action.system_command.argv.args",
                       "must begin with a program, such as \"echo\": got none");
      }
      CheckArgs(command.argv().args(), "action.system_command.argv.args",
                violations);
      break;
    case SystemCommand::kShell:
      CheckShellLine(command.shell(), "action.system_command.shell",
                     violations);
      break;
    case SystemCommand::COMMAND_NOT_SET:
      violations.Add("action.system_command",
                     "must have argv or shell: got neither");
      break;
  }
  CheckProcessInput(command.input(), "action.system_command.input", violations);
}

void CheckUrl(const std::string& url, const std::string& field,
              FieldViolations& violations) {
  const absl::StatusOr<std::string> host = HostOfUrl(url);
  if (!host.ok()) violations.Add(field, host.status().message());
}

void CheckKind(const Action& action, const AgentContract& contract,
               FieldViolations& violations) {
  switch (action.kind_case()) {
    case Action::kCodeExec:
      return CheckCodeExec(action.code_exec(), contract, violations);
    case Action::kSystemCommand:
      return CheckSystemCommand(action.system_command(), violations);
    case Action::kFileRead:
    case Action::kFileList:
    case Action::kFileWrite:
    case Action::kFileDelete:
      return CheckFileAction(action, violations);
    case Action::kHttpGet:
      return CheckUrl(action.http_get().url(), "action.http_get.url",
                      violations);
    case Action::kHttpPost:
      return CheckUrl(action.http_post().url(), "action.http_post.url",
                      violations);
    case Action::kSshExec:
      return CheckShellLine(action.ssh_exec().command(),
                            "action.ssh_exec.command", violations);
    case Action::KIND_NOT_SET:
      break;
  }
  violations.Add("action",
                 absl::StrCat("must have exactly one kind set: ", kKinds));
}

void CheckAction(const Action& action, const AgentContract& contract,
                 FieldViolations& violations) {
  CheckKind(action, contract, violations);
  if (action.ByteSizeLong() > kMaxActionBytes) {
    violations.Add(
        "action", absl::StrCat("must be at most ", kMaxActionBytes,
                               " bytes together: got ", action.ByteSizeLong()));
  }
}

// The name of the kind, as the proto has it; "" for the kinds that can run.
absl::string_view NotImplementedKind(const Action& action) {
  const Action::KindCase kind = action.kind_case();
  if (kind == Action::kCodeExec || kind == Action::kSystemCommand ||
      kind == Action::kSshExec || kind == Action::KIND_NOT_SET ||
      IsFileAction(action)) {
    return "";
  }
  const google::protobuf::FieldDescriptor* field =
      Action::descriptor()->FindFieldByNumber(static_cast<int>(kind));
  return field->name();
}

void CheckRequestId(const std::string& id, FieldViolations& violations) {
  if (id.empty() || (id.size() <= kMaxRequestIdBytes &&
                     re2::RE2::FullMatch(id, "[A-Za-z0-9._-]+"))) {
    return;
  }
  violations.Add(
      "request_id",
      absl::StrCat("must be 1 to ", kMaxRequestIdBytes,
                   " characters of [A-Za-z0-9._-]: got ", QuoteForMessage(id)));
}

}  // namespace

absl::Status ValidateAction(const Action& action,
                            const AgentContract& contract) {
  FieldViolations violations;
  CheckAction(action, contract, violations);
  return violations.ToStatus();
}

absl::Status ValidateExecuteRequest(const airlock::v1::ExecuteRequest& request,
                                    const AgentContract& contract) {
  const absl::string_view kind = NotImplementedKind(request.action());
  if (!kind.empty()) {
    return MakeError(absl::StatusCode::kUnimplemented, "ACTION_NOT_IMPLEMENTED",
                     absl::StrCat("action.", kind,
                                  " cannot run yet; code_exec, "
                                  "system_command, ssh_exec and file "
                                  "actions can"),
                     {{"action", std::string(kind)}});
  }
  FieldViolations violations;
  CheckRequestId(request.request_id(), violations);
  CheckAction(request.action(), contract, violations);
  CheckTimeout(request, contract, violations);
  CheckLimits(request.limits(), contract.sandbox, violations);
  CheckSessionOfRequest(request, violations);
  if (!violations.empty()) return violations.ToStatus();
  if (IsFileAction(request.action()) && request.session().empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "SESSION_REQUIRED",
                     "session must be set: file actions work in the workspace "
                     "of a session",
                     {{"field", "session"}});
  }
  return absl::OkStatus();
}

}  // namespace airlock::policy
