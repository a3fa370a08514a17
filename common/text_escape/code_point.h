// Characters of text that may be anything.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// A character and how many bytes it took. 0 bytes: the text does not begin with
// UTF-8.
struct DecodedCharacter {
  char32_t character = 0;
  std::size_t size = 0;
};

// The first character of `text`, which must not be empty. Surrogates are
// characters here: they are shown as such.
DecodedCharacter DecodeCharacter(absl::string_view text);

// Whether the character is shown by its number: controls, formats, separators
// and spaces other than " ", variation selectors, fillers, surrogates, private
// use and non-characters.
bool IsShownEscaped(char32_t character);

// Appends \u{202E}.
void AppendEscapedCharacter(char32_t character, std::string& shown);

// Appends \x{FF}, for a byte that is not part of UTF-8.
void AppendEscapedByte(char byte, std::string& shown);

}  // namespace airlock
