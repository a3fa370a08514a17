// What patterns of standing approvals look at in an action.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "airlock/v1/action.pb.h"

namespace airlock::policy {

// The arguments of a longer argv are looked at by no pattern: its bytes would
// be kept for each question.
inline constexpr std::size_t kMaxShapeBytes = 4096;

// The parts of one action that a pattern may name. What is not set does not
// belong to the kind.
struct ActionShape {
  airlock::v1::ActionKind kind = airlock::v1::ACTION_KIND_UNSPECIFIED;
  // Of an HTTP action: lower case, without port and trailing dot.
  std::string host;
  // The components of a file's path, none for the workspace itself; those of a
  // URL's path, where a "/" at the end adds none.
  std::vector<std::string> path;
  // Of a system_command.
  std::vector<std::string> argv;
  // Not empty: why no pattern covers the action, as the end of a sentence that
  // begins with "it".
  std::string why_no_pattern;
};

// Takes the shape of `action`, from exactly what would run. Pure.
//
// No pattern covers what a human who named a kind of action did not mean: code,
// a shell line, a remote command; what comes with stdin, later input, env or
// files; a recursive delete; a URL with a port of its own, or whose path two
// servers could read differently.
ActionShape ShapeFromAction(const airlock::v1::Action& action);

// The components of a file's path, relative to the workspace or below
// /workspace/; of "." none. Nothing in `path` that RelativeToWorkspace()
// refuses may come here.
std::vector<std::string> FileComponents(absl::string_view relative_path);

// The components of a URL's path. Empty, or beginning with "/". False: it has
// components that are empty, "." or "..", or an escape, a ";" or a backslash
// that a server could read as such.
bool UrlComponents(absl::string_view path,
                   std::vector<std::string>& components);

}  // namespace airlock::policy
