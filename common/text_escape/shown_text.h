// Text that somebody must judge, shown as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// Text as it is shown.
struct ShownText {
  std::string text;
  // Bytes of the original that were left out at its end.
  std::uint64_t cut_bytes = 0;
};

// What becomes of a line feed.
enum class LineFeeds { kKept, kEscaped };

// Shows `text` in at most `max_bytes`, cut between characters.
//
// Control, format, bidirectional and invisible characters, and spaces other
// than " ", stand as \u{202E}; bytes that are not UTF-8 as \x{FF}. So nobody's
// text can move the cursor, hide or turn around what stands beside it.
//
// What would push the rest out of sight is folded: more than kMaxBlanks blanks
// in a row into \{40 blanks}, more than kMaxLineFeeds line feeds with nothing
// but blanks between them into \{12 line feeds} or, where there are such
// blanks, \{12 line feeds, 5 blanks}; how these were mixed is not shown. Where
// line feeds are kept, such a fold has a line of its own.
//
// Backslashes stay as they are, but for those right before one of these forms
// and before what is written like one, which are doubled: \\u{202E} is eight
// characters of the original. So, but for the mixtures, no two texts look the
// same.
ShownText ShowText(absl::string_view text, LineFeeds line_feeds,
                   std::size_t max_bytes);

inline constexpr std::size_t kMaxBlanks = 32;
inline constexpr std::size_t kMaxLineFeeds = 4;

}  // namespace airlock
