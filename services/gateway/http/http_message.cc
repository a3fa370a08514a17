#include "services/gateway/http/http_message.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

namespace airlock::gateway {

absl::string_view HttpRequest::Header(absl::string_view name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? absl::string_view() : it->second;
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time,
                          absl::UTCTimeZone());
}

bool DecodePercent(absl::string_view text, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const absl::string_view digits = text.substr(i + 1, 2);
      if (digits.size() != 2 || !absl::ascii_isxdigit(digits[0]) ||
          !absl::ascii_isxdigit(digits[1])) {
        return false;
      }
      c = absl::HexStringToBytes(digits)[0];
      i += 2;
    }
    if (absl::ascii_iscntrl(c)) return false;
    decoded.push_back(c);
  }
  return true;
}

std::string QueryValue(absl::string_view query, absl::string_view key) {
  for (const absl::string_view part : absl::StrSplit(query, '&')) {
    const std::pair<absl::string_view, absl::string_view> item =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    std::string value;
    if (item.first == key && DecodePercent(item.second, value)) return value;
  }
  return "";
}

}  // namespace airlock::gateway
