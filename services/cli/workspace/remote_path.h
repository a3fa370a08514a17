// A path in a session, as the command line says it.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock::cli {

// "SESSION:PATH".
struct RemotePath {
  std::string session;
  // As it was given; empty: the workspace.
  std::string path;
};

// Nothing if `text` is no remote path but a local one: without a colon, or with
// what cannot be a session's name before it, such as "./a:b".
std::optional<RemotePath> ParseRemotePath(absl::string_view text);

// A path as the directory it is in and its name there.
struct SplitPath {
  // Empty: the workspace.
  std::string directory;
  std::string name;
};

// Nothing if `path` can only be a directory: it is empty, ends with a slash, or
// its last component is "." or "..".
std::optional<SplitPath> SplitFileName(absl::string_view path);

// `name` in `directory`.
std::string JoinPath(absl::string_view directory, absl::string_view name);

}  // namespace airlock::cli
