// Files and directories below the workspace, and only there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/runner/start_error.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Paths are those of WorkspacePath, and each is resolved with OpenBeneath(), so
// that neither ".." nor a symbolic link leads outside, whatever a process does
// at the same time. Not thread-safe.
class Workspace {
 public:
  // `root` is the directory that is /workspace for the executor.
  explicit Workspace(std::string root);

  // Whether the root could be opened; else `open_error()` says why not.
  bool ok() const { return root_.valid(); }
  const std::string& open_error() const { return open_error_; }
  const std::string& root() const { return root_path_; }

  // Creates or empties a regular file, with the directories above it. `mode`
  // holds permission bits only. The file stays open for AppendFile().
  StartError CreateFile(std::string_view path, std::uint32_t mode);

  // Appends to the file that CreateFile() made last; `path` must be the same.
  StartError AppendFile(std::string_view path, std::string_view data);

  // Ends the writing.
  void CloseFile();

  // Opens a directory, made if it is missing. Empty: the workspace.
  StartError OpenDirectory(std::string_view path, UniqueFd& out);

 private:
  std::string root_path_;
  std::string open_error_;
  UniqueFd root_;
  UniqueFd file_;
  std::string file_path_;
};

}  // namespace airlock::runner
