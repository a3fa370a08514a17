#include "common/text_escape/shown_text.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/text_escape/code_point.h"

namespace airlock {
namespace {

// A few bytes of the original and what is shown for them.
struct Piece {
  std::size_t size = 0;
  std::string shown;
};

std::size_t CountLeading(absl::string_view text, char c) {
  return std::min(text.find_first_not_of(c), text.size());
}

// White space up to the last line feed that only white space comes before;
// nothing if those are few.
Piece FoldLineFeeds(absl::string_view text, LineFeeds line_feeds) {
  const absl::string_view run = text.substr(0, text.find_first_not_of(" \n"));
  const auto count =
      static_cast<std::size_t>(std::count(run.begin(), run.end(), '\n'));
  if (count <= kMaxLineFeeds) return {};
  const std::size_t size = run.rfind('\n') + 1;
  const std::size_t blanks = size - count;
  std::string shown = absl::StrCat("\\{", count, " line feeds");
  if (blanks > 0) absl::StrAppend(&shown, ", ", blanks, " blanks");
  shown += '}';
  if (line_feeds == LineFeeds::kKept) shown = absl::StrCat("\n", shown, "\n");
  return {size, std::move(shown)};
}

Piece ReadWhiteSpace(absl::string_view text, LineFeeds line_feeds) {
  Piece fold = FoldLineFeeds(text, line_feeds);
  if (fold.size > 0) return fold;
  if (text.front() == '\n') {
    Piece line_feed{1, ""};
    if (line_feeds == LineFeeds::kKept) {
      line_feed.shown = "\n";
    } else {
      AppendEscapedCharacter(U'\n', line_feed.shown);
    }
    return line_feed;
  }
  const std::size_t blanks = CountLeading(text, ' ');
  if (blanks <= kMaxBlanks) return {blanks, std::string(blanks, ' ')};
  return {blanks, absl::StrCat("\\{", blanks, " blanks}")};
}

// Anything but a backslash.
Piece ReadOther(absl::string_view text, LineFeeds line_feeds) {
  if (text.front() == ' ' || text.front() == '\n') {
    return ReadWhiteSpace(text, line_feeds);
  }
  const DecodedCharacter decoded = DecodeCharacter(text);
  Piece piece{std::max<std::size_t>(decoded.size, 1), ""};
  if (decoded.size == 0) {
    AppendEscapedByte(text.front(), piece.shown);
  } else if (IsShownEscaped(decoded.character)) {
    AppendEscapedCharacter(decoded.character, piece.shown);
  } else {
    piece.shown = std::string(text.substr(0, piece.size));
  }
  return piece;
}

// Whether what is shown of `text` would be taken for a form, or for the end of
// one, right after a backslash.
bool LooksLikeForm(absl::string_view text, LineFeeds line_feeds) {
  if (text.empty()) return false;
  return absl::StartsWith(text, "{") || absl::StartsWith(text, "u{") ||
         absl::StartsWith(text, "x{") ||
         absl::StartsWith(ReadOther(text, line_feeds).shown, "\\");
}

Piece ReadPiece(absl::string_view text, LineFeeds line_feeds) {
  const std::size_t backslashes = CountLeading(text, '\\');
  if (backslashes == 0) return ReadOther(text, line_feeds);
  const bool doubled = LooksLikeForm(text.substr(backslashes), line_feeds);
  return {backslashes,
          std::string(doubled ? 2 * backslashes : backslashes, '\\')};
}

}  // namespace

ShownText ShowText(absl::string_view text, LineFeeds line_feeds,
                   std::size_t max_bytes) {
  ShownText result;
  while (!text.empty()) {
    const Piece piece = ReadPiece(text, line_feeds);
    if (piece.shown.size() > max_bytes - result.text.size()) break;
    result.text += piece.shown;
    text.remove_prefix(piece.size);
  }
  result.cut_bytes = text.size();
  return result;
}

}  // namespace airlock
