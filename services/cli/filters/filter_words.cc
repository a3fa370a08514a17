#include "services/cli/filters/filter_words.h"

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/json/enum_word.h"

namespace airlock::cli {
namespace {

using google::protobuf::EnumDescriptor;

// A hundred years; more is a slip.
constexpr int kMaxDays = 36'500;

std::optional<absl::Duration> ReadAge(absl::string_view text) {
  absl::string_view digits = text;
  int days = 0;
  if (absl::ConsumeSuffix(&digits, "d")) {
    if (!absl::SimpleAtoi(digits, &days) || days < 0 || days > kMaxDays) {
      return std::nullopt;
    }
    return absl::Hours(24) * days;
  }
  absl::Duration age;
  if (!absl::ParseDuration(text, &age) || age < absl::ZeroDuration() ||
      age > absl::Hours(24) * kMaxDays) {
    return std::nullopt;
  }
  return age;
}

}  // namespace

absl::StatusOr<absl::Time> TimeFromText(absl::string_view text,
                                        absl::string_view option,
                                        absl::Time now) {
  const std::optional<absl::Duration> age = ReadAge(text);
  if (age.has_value()) return now - *age;
  absl::Time time;
  const bool is_time =
      absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) ||
      absl::ParseTime("%Y-%m-%d", text, absl::UTCTimeZone(), &time, nullptr);
  // It also reads "infinite-past".
  if (is_time && time > absl::InfinitePast() && time < absl::InfiniteFuture()) {
    return time;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      option,
      " must be a time such as 2026-11-27T10:15:00Z, a day such as "
      "2026-11-27, or how long ago such as 90m or 7d: got \"",
      text, "\""));
}

absl::StatusOr<int> ValueFromWord(const EnumDescriptor& type,
                                  const std::string& word,
                                  absl::string_view option) {
  std::vector<std::string> words;
  for (int i = 1; i < type.value_count(); ++i) {
    words.push_back(EnumWord(type, type.value(i)->number()));
    if (words.back() == word) return type.value(i)->number();
  }
  return absl::InvalidArgumentError(absl::StrCat(option, " must be one of ",
                                                 absl::StrJoin(words, ", "),
                                                 ": got \"", word, "\""));
}

}  // namespace airlock::cli
