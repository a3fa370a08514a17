// Whether bytes are UTF-8.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace airlock {

// Where the first byte stands that is not part of well-formed UTF-8 (overlong
// forms, surrogates and values above U+10FFFF are not); npos if there is none.
std::size_t FindInvalidUtf8(absl::string_view text);

// Whether all of `text` is well-formed UTF-8.
inline bool IsValidUtf8(absl::string_view text) {
  return FindInvalidUtf8(text) == absl::string_view::npos;
}

}  // namespace airlock
