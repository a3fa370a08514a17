#include "services/policy/engine/action_paths.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/config/problems.h"
#include "common/config/utf8.h"
#include "services/policy/engine/action_limits.h"

namespace airlock::policy {
namespace {

absl::Status BadPath(absl::string_view what, absl::string_view path) {
  return absl::InvalidArgumentError(
      absl::StrCat("must ", what, ": got ", QuoteForMessage(path)));
}

}  // namespace

absl::StatusOr<std::string> RelativeToWorkspace(absl::string_view path) {
  if (path.empty()) return BadPath("not be empty", path);
  if (path.size() > kMaxPathBytes) {
    return BadPath(absl::StrCat("be at most ", kMaxPathBytes, " bytes"), path);
  }
  if (!IsValidUtf8(path)) return BadPath("be UTF-8", path);
  if (absl::StrContains(path, '\0')) return BadPath("not have NUL bytes", path);
  absl::string_view rest = path;
  if (rest == kWorkspaceRoot || rest == ".") return std::string(".");
  if (absl::StartsWith(rest, "/") &&
      !absl::ConsumePrefix(&rest, absl::StrCat(kWorkspaceRoot, "/"))) {
    return BadPath("be relative to the workspace or below /workspace/", path);
  }
  for (const absl::string_view part : absl::StrSplit(rest, '/')) {
    if (part.empty() || part == "." || part == "..") {
      return BadPath("not have empty parts, \".\" or \"..\"", path);
    }
    if (part.size() > kMaxPathComponentBytes) {
      return BadPath(absl::StrCat("have parts of at most ",
                                  kMaxPathComponentBytes, " bytes"),
                     path);
    }
  }
  return std::string(rest);
}

}  // namespace airlock::policy
