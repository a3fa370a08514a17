#include "services/policy/engine/action_facts.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/config/utf8.h"
#include "services/policy/engine/action_paths.h"
#include "services/policy/engine/url_host.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;

constexpr absl::string_view kPlainCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";

std::string QuoteArgument(absl::string_view arg) {
  if (!arg.empty() && std::all_of(arg.begin(), arg.end(), [](char c) {
        return absl::StrContains(kPlainCharacters, c);
      })) {
    return std::string(arg);
  }
  return absl::StrCat("'", absl::StrReplaceAll(arg, {{"'", "'\\''"}}), "'");
}

void TakePath(absl::string_view path, ActionFacts& facts) {
  const absl::StatusOr<std::string> relative = RelativeToWorkspace(path);
  if (relative.ok()) {
    facts.path = *relative;
  } else {
    facts.unjudgeable = absl::StrCat("path ", relative.status().message());
  }
}

void TakeUrl(absl::string_view url, ActionFacts& facts) {
  const absl::StatusOr<std::string> host = HostOfUrl(url);
  if (host.ok()) {
    facts.host = *host;
  } else {
    facts.unjudgeable = absl::StrCat("url ", host.status().message());
  }
}

void TakeArgs(const google::protobuf::RepeatedPtrField<std::string>& args,
              ActionFacts& facts) {
  const std::vector<std::string> list(args.begin(), args.end());
  facts.command_texts.push_back(RenderPlain(list));
  facts.command_texts.push_back(RenderQuoted(list));
}

void TakeCode(const airlock::v1::CodeExec& code, ActionFacts& facts) {
  facts.language = code.language();
  facts.command_texts.push_back(code.code());
  if (!code.args().empty()) TakeArgs(code.args(), facts);
}

void TakeCommand(const airlock::v1::SystemCommand& command,
                 ActionFacts& facts) {
  using airlock::v1::SystemCommand;
  switch (command.command_case()) {
    case SystemCommand::kArgv: {
      TakeArgs(command.argv().args(), facts);
      // A PATH, a file beside the program or a script on stdin makes another
      // command of the same argv.
      const airlock::v1::ProcessInput& input = command.input();
      if (input.stdin().empty() && !input.accepts_later_input() &&
          input.env().empty() && input.files().empty()) {
        facts.exact_command = facts.command_texts.back();
      }
      return;
    }
    case SystemCommand::kShell:
      facts.command_texts.push_back(command.shell());
      return;
    case SystemCommand::COMMAND_NOT_SET:
      break;
  }
  facts.unjudgeable = "it has no command";
}

void TakeKind(const Action& action, ActionFacts& facts) {
  switch (action.kind_case()) {
    case Action::kCodeExec:
      facts.word = ActionWord::kCodeExec;
      return TakeCode(action.code_exec(), facts);
    case Action::kSystemCommand:
      facts.word = ActionWord::kSystemCommand;
      return TakeCommand(action.system_command(), facts);
    case Action::kFileRead:
      facts.word = ActionWord::kFileRead;
      return TakePath(action.file_read().path(), facts);
    case Action::kFileList:
      // Decided as file_read. Unset: the workspace.
      facts.word = ActionWord::kFileRead;
      return TakePath(
          action.file_list().path().empty() ? "." : action.file_list().path(),
          facts);
    case Action::kFileWrite:
      facts.word = ActionWord::kFileWrite;
      return TakePath(action.file_write().path(), facts);
    case Action::kFileDelete:
      facts.word = ActionWord::kFileDelete;
      return TakePath(action.file_delete().path(), facts);
    case Action::kHttpGet:
      facts.word = ActionWord::kHttpGet;
      return TakeUrl(action.http_get().url(), facts);
    case Action::kHttpPost:
      facts.word = ActionWord::kHttpPost;
      return TakeUrl(action.http_post().url(), facts);
    case Action::kSshExec:
      facts.word = ActionWord::kSshExec;
      facts.command_texts.push_back(action.ssh_exec().command());
      return;
    case Action::KIND_NOT_SET:
      return;
  }
}

}  // namespace

ActionFacts FactsFromAction(const Action& action, absl::string_view agent) {
  ActionFacts facts;
  facts.agent = std::string(agent);
  TakeKind(action, facts);
  // A pattern cannot be looked for in what is not text.
  for (const std::string& text : facts.command_texts) {
    if (!IsValidUtf8(text) || absl::StrContains(text, '\0')) {
      facts.unjudgeable = "its command is not UTF-8 without NUL bytes";
    }
  }
  return facts;
}

bool AcceptsLaterInput(const Action& action) {
  switch (action.kind_case()) {
    case Action::kCodeExec:
      return action.code_exec().input().accepts_later_input();
    case Action::kSystemCommand:
      return action.system_command().input().accepts_later_input();
    default:
      return false;
  }
}

std::string RenderPlain(const std::vector<std::string>& args) {
  return absl::StrJoin(args, " ");
}

std::string RenderQuoted(const std::vector<std::string>& args) {
  return absl::StrJoin(args, " ", [](std::string* out, const std::string& arg) {
    absl::StrAppend(out, QuoteArgument(arg));
  });
}

}  // namespace airlock::policy
