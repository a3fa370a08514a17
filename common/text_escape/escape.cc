#include "common/text_escape/escape.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/text_escape/code_point.h"

namespace airlock {
namespace {

// `backslash` is what stands for a backslash.
std::string Escape(absl::string_view text, absl::string_view backslash) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const DecodedCharacter decoded = DecodeCharacter(text);
    if (decoded.size == 0) {
      AppendEscapedByte(text.front(), shown);
      text.remove_prefix(1);
      continue;
    }
    if (decoded.character == U'\\') {
      absl::StrAppend(&shown, backslash);
    } else if (IsShownEscaped(decoded.character)) {
      AppendEscapedCharacter(decoded.character, shown);
    } else {
      shown.append(text.data(), decoded.size);
    }
    text.remove_prefix(decoded.size);
  }
  return shown;
}

}  // namespace

std::string EscapeText(absl::string_view text) { return Escape(text, "\\\\"); }

std::string EscapeRendered(absl::string_view text) {
  return Escape(text, "\\");
}

std::string EscapeJson(absl::string_view json) {
  std::string shown;
  shown.reserve(json.size());
  const auto append_unit = [&shown](std::uint32_t unit) {
    absl::StrAppend(&shown, "\\u", absl::Hex(unit, absl::kZeroPad4));
  };
  while (!json.empty()) {
    const DecodedCharacter decoded = DecodeCharacter(json);
    const std::size_t size = std::max<std::size_t>(decoded.size, 1);
    if (decoded.size == 0) {
      append_unit(0xFFFD);
    } else if (decoded.character < 0x7F || !IsShownEscaped(decoded.character)) {
      shown.append(json.data(), size);
    } else if (decoded.character < 0x10000) {
      append_unit(decoded.character);
    } else {
      append_unit(0xD7C0 + (decoded.character >> 10U));
      append_unit(0xDC00 + (decoded.character & 0x3FFU));
    }
    json.remove_prefix(size);
  }
  return shown;
}

}  // namespace airlock
