#include "common/config/utf8.h"

namespace airlock {
namespace {

// A lead byte's range, the range of the byte after it, and how many bytes
// follow: table 3-7 of the Unicode standard.
struct Form {
  unsigned char lead_min;
  unsigned char lead_max;
  unsigned char second_min;
  unsigned char second_max;
  std::size_t following;
};
constexpr Form kForms[] = {
    {0x00, 0x7F, 0x00, 0x00, 0}, {0xC2, 0xDF, 0x80, 0xBF, 1},
    {0xE0, 0xE0, 0xA0, 0xBF, 2}, {0xE1, 0xEC, 0x80, 0xBF, 2},
    {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEF, 0x80, 0xBF, 2},
    {0xF0, 0xF0, 0x90, 0xBF, 3}, {0xF1, 0xF3, 0x80, 0xBF, 3},
    {0xF4, 0xF4, 0x80, 0x8F, 3},
};

bool IsBetween(char c, unsigned char min, unsigned char max) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= min && byte <= max;
}

// Bytes of the character `text` begins with; 0 if it is none.
std::size_t CharacterBytes(absl::string_view text) {
  for (const Form& form : kForms) {
    if (!IsBetween(text[0], form.lead_min, form.lead_max)) continue;
    if (text.size() <= form.following) return 0;
    for (std::size_t i = 1; i <= form.following; ++i) {
      const bool second = i == 1;
      if (!IsBetween(text[i], second ? form.second_min : 0x80,
                     second ? form.second_max : 0xBF)) {
        return 0;
      }
    }
    return form.following + 1;
  }
  return 0;
}

}  // namespace

std::size_t FindInvalidUtf8(absl::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t bytes = CharacterBytes(text.substr(position));
    if (bytes == 0) return position;
    position += bytes;
  }
  return absl::string_view::npos;
}

}  // namespace airlock
