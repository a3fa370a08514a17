// Words of closed sets, for messages.
#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"

namespace airlock {
namespace {

// Longer words are nobody's typing error.
constexpr std::size_t kMaxWordBytes = 64;

// Levenshtein's distance: insertions, deletions and replacements.
std::size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string JoinWords(const std::vector<absl::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    absl::string_view separator = ", ";
    if (i == 0) separator = "";
    if (i > 0 && i + 1 == words.size()) separator = " or ";
    absl::StrAppend(&text, separator, "\"", words[i], "\"");
  }
  return text;
}

std::string NearestWord(absl::string_view text,
                        const std::vector<absl::string_view>& words) {
  if (text.empty() || text.size() > kMaxWordBytes) return "";
  std::string nearest;
  // A third of a word may be wrong.
  std::size_t best = std::max<std::size_t>(text.size() / 3, 1) + 1;
  for (const absl::string_view word : words) {
    const std::size_t distance = EditDistance(text, word);
    if (distance < best) {
      best = distance;
      nearest = std::string(word);
    }
  }
  return nearest;
}

}  // namespace airlock
