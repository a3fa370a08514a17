#include "services/runner/files/entry_line.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace airlock::runner {
namespace {

constexpr std::uint32_t kModeBits = 07777;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

unsigned Byte(char c) { return static_cast<unsigned char>(c); }

// A first byte, how many bytes it asks for, and in which range the second one
// must be: what excludes overlong forms, surrogates and values above U+10FFFF.
struct Utf8Form {
  unsigned first_low;
  unsigned first_high;
  std::size_t bytes;
  unsigned second_low;
  unsigned second_high;
};

constexpr std::array<Utf8Form, 9> kUtf8Forms = {{{0x00, 0x7f, 1, 0, 0},
                                                 {0xc2, 0xdf, 2, 0x80, 0xbf},
                                                 {0xe0, 0xe0, 3, 0xa0, 0xbf},
                                                 {0xe1, 0xec, 3, 0x80, 0xbf},
                                                 {0xed, 0xed, 3, 0x80, 0x9f},
                                                 {0xee, 0xef, 3, 0x80, 0xbf},
                                                 {0xf0, 0xf0, 4, 0x90, 0xbf},
                                                 {0xf1, 0xf3, 4, 0x80, 0xbf},
                                                 {0xf4, 0xf4, 4, 0x80, 0x8f}}};

// How many bytes the character at the beginning of `text` has; 0 if there is no
// well-formed one.
std::size_t CharacterBytes(std::string_view text) {
  const unsigned first = Byte(text.front());
  const auto* const form =
      std::ranges::find_if(kUtf8Forms, [first](const Utf8Form& candidate) {
        return first >= candidate.first_low && first <= candidate.first_high;
      });
  if (form == kUtf8Forms.end() || text.size() < form->bytes) return 0;
  for (std::size_t i = 1; i < form->bytes; ++i) {
    const unsigned low = i == 1 ? form->second_low : 0x80;
    const unsigned high = i == 1 ? form->second_high : 0xbf;
    if (Byte(text[i]) < low || Byte(text[i]) > high) return 0;
  }
  return form->bytes;
}

void AppendCharacter(std::string_view character, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char c = character.front();
  if (c == '"' || c == '\\') {
    out.push_back('\\');
  } else if (Byte(c) < 0x20 || Byte(c) == 0x7f) {
    out.append("\\u00");
    out.push_back(kDigits[Byte(c) >> 4U]);
    out.push_back(kDigits[Byte(c) & 0xfU]);
    return;
  }
  out.append(character);
}

std::string_view TypeName(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symlink";
  return "other";
}

std::int64_t Milliseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

}  // namespace

std::string JsonString(std::string_view text, bool& lossy) {
  lossy = false;
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      lossy = true;
      out.append(kReplacement);
    } else {
      AppendCharacter(text.substr(0, bytes), out);
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  out.push_back('"');
  return out;
}

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8U | (j < group.size() ? Byte(group[j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint32_t digit = bits >> (18 - 6 * j) & 0x3fU;
      out.push_back(j <= group.size() ? kDigits[digit] : '=');
    }
  }
  return out;
}

std::string EntryLine(std::string_view name, const struct stat& status,
                      std::string_view target) {
  bool lossy = false;
  std::string line = "{\"name\":" + JsonString(name, lossy);
  if (lossy) line.append(",\"nameBase64\":\"" + Base64(name) + "\"");
  line.append(",\"type\":\"").append(TypeName(status.st_mode));
  line.append("\",\"size\":" + std::to_string(status.st_size));
  line.append(",\"mode\":" + std::to_string(status.st_mode & kModeBits));
  line.append(",\"mtimeMs\":" + std::to_string(Milliseconds(status.st_mtim)));
  if (S_ISLNK(status.st_mode)) {
    line.append(",\"target\":" + JsonString(target, lossy));
  }
  return line.append("}\n");
}

}  // namespace airlock::runner
