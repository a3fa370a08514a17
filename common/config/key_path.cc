#include "common/config/key_path.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/config/problems.h"

namespace airlock {

std::string AppendKey(absl::string_view path, absl::string_view key) {
  const bool plain =
      !key.empty() && key.size() <= 64 &&
      std::all_of(key.begin(), key.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
               c == '-';
      });
  if (!plain) return absl::StrCat(path, "[", QuoteForMessage(key), "]");
  return absl::StrCat(path, path.empty() ? "" : ".", key);
}

std::string AppendIndex(absl::string_view path, std::size_t index) {
  return absl::StrCat(path, "[", index, "]");
}

}  // namespace airlock
