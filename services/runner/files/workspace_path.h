// Paths of the workspace, as actions name them.
#pragma once

#include <string>
#include <string_view>

namespace airlock::runner {

// A path that stays below the workspace by its words alone. Where symbolic
// links lead only the kernel can tell: see OpenBeneath().
class WorkspacePath {
 public:
  // The workspace itself.
  WorkspacePath() = default;

  // Reads a path that is relative, or begins with "/workspace" wherever the
  // workspace really is. Empty parts and "." mean nothing. Empty: the
  // workspace. Returns what is wrong with it, as a sentence; nothing if it is
  // fine. It must have at most 4095 bytes, no NUL byte and no "..".
  static std::string Parse(std::string_view text, WorkspacePath& out);

  // Parts joined by "/"; "." for the workspace itself.
  std::string relative() const { return parts_.empty() ? "." : parts_; }
  bool is_workspace() const { return parts_.empty(); }
  // Whether it ended with "/" or "/.", which only a directory may.
  bool names_directory() const { return names_directory_; }

  // The last part, and what is before it; both empty for the workspace.
  std::string_view name() const;
  std::string_view parent() const;

 private:
  std::string parts_;
  bool names_directory_ = false;
};

}  // namespace airlock::runner
