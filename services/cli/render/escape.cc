#include "services/cli/render/escape.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Controls, formats, separators, variation selectors, fillers, surrogates,
// private use and non-characters, in rising order.
constexpr Range kShownEscaped[] = {
    {0x0000, 0x001F},   {0x007F, 0x00A0},    {0x00AD, 0x00AD},
    {0x034F, 0x034F},   {0x0600, 0x0605},    {0x061C, 0x061C},
    {0x06DD, 0x06DD},   {0x070F, 0x070F},    {0x0890, 0x0891},
    {0x08E2, 0x08E2},   {0x115F, 0x1160},    {0x1680, 0x1680},
    {0x17B4, 0x17B5},   {0x180B, 0x180F},    {0x2000, 0x200F},
    {0x2028, 0x202F},   {0x205F, 0x206F},    {0x2800, 0x2800},
    {0x3000, 0x3000},   {0x3164, 0x3164},    {0xD800, 0xF8FF},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB},   {0xFFFE, 0xFFFF},    {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1345F},  {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

bool IsShownEscaped(char32_t character) {
  const auto* range = std::lower_bound(
      std::begin(kShownEscaped), std::end(kShownEscaped), character,
      [](const Range& one, char32_t value) { return one.last < value; });
  return range != std::end(kShownEscaped) && range->first <= character;
}

// A character and how many bytes it took; 0 bytes: this is not UTF-8.
struct Decoded {
  char32_t character = 0;
  std::size_t size = 0;
};

Decoded DecodeMultibyte(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t character = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return {};
    character = (character << 6U) | (byte & 0x3FU);
  }
  const bool overlong =
      (size == 3 && character < 0x800) || (size == 4 && character < 0x10000);
  if (overlong || character > 0x10FFFF) return {};
  return {character, size};
}

Decoded Decode(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  return DecodeMultibyte(text);
}

std::string UpperHex(std::uint32_t value, absl::PadSpec pad) {
  std::string digits = absl::StrCat(absl::Hex(value, pad));
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) {
    return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return digits;
}

}  // namespace

std::string EscapeText(absl::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = Decode(text);
    if (decoded.size == 0) {
      const auto byte = static_cast<unsigned char>(text.front());
      absl::StrAppend(&shown, "\\x{", UpperHex(byte, absl::kZeroPad2), "}");
      text.remove_prefix(1);
      continue;
    }
    if (decoded.character == U'\\') {
      shown.append("\\\\");
    } else if (IsShownEscaped(decoded.character)) {
      absl::StrAppend(&shown, "\\u{",
                      UpperHex(decoded.character, absl::kZeroPad4), "}");
    } else {
      shown.append(text.data(), decoded.size);
    }
    text.remove_prefix(decoded.size);
  }
  return shown;
}

std::string EscapeJson(absl::string_view json) {
  std::string shown;
  shown.reserve(json.size());
  const auto append_unit = [&shown](std::uint32_t unit) {
    absl::StrAppend(&shown, "\\u", absl::Hex(unit, absl::kZeroPad4));
  };
  while (!json.empty()) {
    const Decoded decoded = Decode(json);
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

}  // namespace airlock::cli
