#include "services/policy/standing/action_shape.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/policy/engine/action_paths.h"
#include "services/policy/engine/url_host.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;
using airlock::v1::ProcessInput;

std::string WhatComesWith(const ProcessInput& input) {
  if (!input.stdin().empty()) return "comes with standard input";
  if (input.accepts_later_input()) return "accepts later input";
  if (!input.env().empty()) return "comes with an environment";
  if (!input.files().empty()) return "comes with files";
  return "";
}

void TakeCommand(const airlock::v1::SystemCommand& command,
                 ActionShape& shape) {
  if (!command.has_argv()) {
    shape.why_no_pattern = "is a line for a shell";
    return;
  }
  shape.why_no_pattern = WhatComesWith(command.input());
  std::size_t bytes = 0;
  for (const std::string& arg : command.argv().args()) bytes += arg.size() + 1;
  if (bytes > kMaxShapeBytes) {
    shape.why_no_pattern = "has too long an argv";
    return;
  }
  shape.argv.assign(command.argv().args().begin(), command.argv().args().end());
}

void TakePath(absl::string_view path, ActionShape& shape) {
  const absl::StatusOr<std::string> relative = RelativeToWorkspace(path);
  if (relative.ok()) {
    shape.path = FileComponents(*relative);
  } else {
    shape.why_no_pattern = "has a path that cannot be judged";
  }
}

// Whether the authority names a port that is not its scheme's.
bool HasOwnPort(absl::string_view authority, bool is_https) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon == absl::string_view::npos) return false;
  if (bracket != absl::string_view::npos && colon < bracket) return false;
  const absl::string_view port = authority.substr(colon + 1);
  return !port.empty() && port != (is_https ? "443" : "80");
}

void TakeUrl(absl::string_view url, ActionShape& shape) {
  const absl::StatusOr<std::string> host = HostOfUrl(url);
  if (!host.ok()) {
    shape.why_no_pattern = "has a URL that cannot be judged";
    return;
  }
  shape.host = *host;
  // HostOfUrl() has seen the scheme.
  const std::size_t begin = url.find("://") + 3;
  const bool is_https = begin == 8;
  absl::string_view rest = url.substr(begin);
  const std::size_t authority_end =
      std::min(rest.find_first_of("/?#"), rest.size());
  if (HasOwnPort(rest.substr(0, authority_end), is_https)) {
    shape.why_no_pattern = "has a port of its own";
    return;
  }
  rest.remove_prefix(authority_end);
  if (!UrlComponents(rest.substr(0, rest.find_first_of("?#")), shape.path)) {
    shape.path.clear();
    shape.why_no_pattern = "has a path that servers could read differently";
  }
}

}  // namespace

std::vector<std::string> FileComponents(absl::string_view relative_path) {
  if (relative_path == ".") return {};
  return absl::StrSplit(relative_path, '/');
}

bool UrlComponents(absl::string_view path,
                   std::vector<std::string>& components) {
  components.clear();
  if (path.empty() || path == "/") return true;
  if (!absl::ConsumePrefix(&path, "/")) return false;
  absl::ConsumeSuffix(&path, "/");
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    // %2e, %2f, %5c and %25 hide what they stand for from one server and not
    // from another; ";" ends a component for some.
    const std::string lower = absl::AsciiStrToLower(part);
    const bool plain =
        !part.empty() && part != "." && part != ".." &&
        part.find_first_of(";\\") == absl::string_view::npos &&
        !absl::StrContains(lower, "%2e") && !absl::StrContains(lower, "%2f") &&
        !absl::StrContains(lower, "%5c") && !absl::StrContains(lower, "%25") &&
        !absl::StrContains(lower, "%3b");
    if (!plain) return false;
    components.emplace_back(part);
  }
  return true;
}

ActionShape ShapeFromAction(const Action& action) {
  ActionShape shape;
  // The oneof of an action has the numbers of its kinds.
  shape.kind = static_cast<airlock::v1::ActionKind>(action.kind_case());
  switch (action.kind_case()) {
    case Action::kSystemCommand:
      TakeCommand(action.system_command(), shape);
      break;
    case Action::kFileRead:
      TakePath(action.file_read().path(), shape);
      break;
    case Action::kFileList:
      // Unset: the workspace.
      TakePath(
          action.file_list().path().empty() ? "." : action.file_list().path(),
          shape);
      break;
    case Action::kFileWrite:
      TakePath(action.file_write().path(), shape);
      break;
    case Action::kFileDelete:
      TakePath(action.file_delete().path(), shape);
      if (action.file_delete().recursive()) {
        shape.why_no_pattern = "deletes a directory with all that is in it";
      }
      break;
    case Action::kHttpGet:
      TakeUrl(action.http_get().url(), shape);
      break;
    case Action::kHttpPost:
      TakeUrl(action.http_post().url(), shape);
      break;
    case Action::kCodeExec:
      shape.why_no_pattern = "is code";
      break;
    case Action::kSshExec:
      shape.why_no_pattern = "is a line for a remote shell";
      break;
    case Action::KIND_NOT_SET:
      shape.why_no_pattern = "has no kind";
      break;
  }
  return shape;
}

}  // namespace airlock::policy
