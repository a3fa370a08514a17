#include "services/cli/workspace/remote_path.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

constexpr std::size_t kMaxSessionName = 64;

bool IsSessionName(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxSessionName &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

std::optional<RemotePath> ParseRemotePath(absl::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  const absl::string_view session = text.substr(0, colon);
  if (!IsSessionName(session)) return std::nullopt;
  return RemotePath{std::string(session), std::string(text.substr(colon + 1))};
}

std::optional<SplitPath> SplitFileName(absl::string_view path) {
  const std::size_t slash = path.rfind('/');
  const absl::string_view name =
      slash == absl::string_view::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") return std::nullopt;
  return SplitPath{
      std::string(slash == absl::string_view::npos ? ""
                                                   : path.substr(0, slash)),
      std::string(name)};
}

std::string JoinPath(absl::string_view directory, absl::string_view name) {
  if (directory.empty() || absl::EndsWith(directory, "/")) {
    return absl::StrCat(directory, name);
  }
  return absl::StrCat(directory, "/", name);
}

}  // namespace airlock::cli
