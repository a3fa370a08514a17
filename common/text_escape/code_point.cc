#include "common/text_escape/code_point.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace airlock {
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

DecodedCharacter DecodeMultibyte(absl::string_view text) {
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

std::string UpperHex(std::uint32_t value, absl::PadSpec pad) {
  std::string digits = absl::StrCat(absl::Hex(value, pad));
  std::transform(digits.begin(), digits.end(), digits.begin(), [](char c) {
    return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return digits;
}

}  // namespace

DecodedCharacter DecodeCharacter(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  return DecodeMultibyte(text);
}

bool IsShownEscaped(char32_t character) {
  const auto* range = std::lower_bound(
      std::begin(kShownEscaped), std::end(kShownEscaped), character,
      [](const Range& one, char32_t value) { return one.last < value; });
  return range != std::end(kShownEscaped) && range->first <= character;
}

void AppendEscapedCharacter(char32_t character, std::string& shown) {
  absl::StrAppend(&shown, "\\u{", UpperHex(character, absl::kZeroPad4), "}");
}

void AppendEscapedByte(char byte, std::string& shown) {
  absl::StrAppend(&shown, "\\x{",
                  UpperHex(static_cast<unsigned char>(byte), absl::kZeroPad2),
                  "}");
}

}  // namespace airlock
