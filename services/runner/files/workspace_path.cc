#include "services/runner/files/workspace_path.h"

#include <algorithm>

#include "services/runner/files/file_error.h"

namespace airlock::runner {
namespace {

constexpr std::string_view kPrefix = "/workspace";
constexpr std::size_t kMaxPathBytes = 4095;

}  // namespace

std::string WorkspacePath::Parse(std::string_view text, WorkspacePath& out) {
  out = {};
  if (text.size() > kMaxPathBytes) {
    return "a path must have at most 4095 bytes";
  }
  if (std::ranges::find(text, '\0') != text.end()) {
    return "a path must not hold a NUL byte";
  }
  std::string_view rest = text;
  if (rest.substr(0, kPrefix.size()) == kPrefix &&
      (rest.size() == kPrefix.size() || rest[kPrefix.size()] == '/')) {
    rest.remove_prefix(kPrefix.size());
  } else if (!rest.empty() && rest.front() == '/') {
    return "a path must be relative or below /workspace: " + Quote(text);
  }
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part == "..") return "a path must not hold \"..\": " + Quote(text);
    out.names_directory_ = end < rest.size() || part == ".";
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (!out.parts_.empty()) out.parts_.push_back('/');
    out.parts_.append(part);
  }
  return {};
}

std::string_view WorkspacePath::name() const {
  // npos + 1 is 0.
  return std::string_view(parts_).substr(parts_.rfind('/') + 1);
}

std::string_view WorkspacePath::parent() const {
  const std::size_t slash = parts_.rfind('/');
  if (slash == std::string::npos) return {};
  return std::string_view(parts_).substr(0, slash);
}

}  // namespace airlock::runner
