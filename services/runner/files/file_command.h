// One file action, from the words of a command line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/runner/files/workspace_path.h"

namespace airlock::runner {

// How an existing file is treated.
enum class Existing { kOverwrite, kRefuse, kAppend };

// What to do. Only what belongs to the kind is ever set.
struct FileCommand {
  enum class Kind { kRead, kList, kWrite, kDelete };

  Kind kind = Kind::kRead;
  // The directory that is /workspace for the executor.
  std::string workspace = "/workspace";
  WorkspacePath path;

  // Of kRead: the first byte, and how many at most (0: to the end).
  std::uint64_t offset = 0;
  std::uint64_t limit = 0;

  // Of kWrite: how many bytes of content come, permission bits, and how an
  // existing file is treated.
  std::uint64_t size = 0;
  std::optional<std::uint32_t> mode;
  Existing existing = Existing::kOverwrite;

  // Of kDelete: with all that is in a directory.
  bool recursive = false;
};

// What is wrong with a command line.
struct CommandError {
  // Empty: nothing.
  std::string message;
  // It is the path, and the rest is fine so far.
  bool is_path = false;

  bool ok() const { return message.empty(); }
};

// Reads `read|list|write|delete OPTIONS`. An option that is unknown, belongs to
// another kind, comes twice, or has a wrong value is an error. Pure.
CommandError ReadFileCommand(std::span<const std::string_view> words,
                             FileCommand& out);

}  // namespace airlock::runner
