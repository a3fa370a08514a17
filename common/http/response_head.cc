#include "common/http/response_head.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace airlock {
namespace {

constexpr absl::string_view kEndOfHead = "\r\n\r\n";

absl::Status Malformed(absl::string_view line) {
  return absl::InvalidArgumentError(
      absl::StrCat("the answer is not HTTP/1.1: got \"",
                   absl::CHexEscape(line.substr(0, 80)), "\""));
}

// "HTTP/1.1 101 UPGRADED"
absl::StatusOr<int> ParseStatusLine(absl::string_view line) {
  int status = 0;
  if (!absl::StartsWith(line, "HTTP/1.") || line.size() < 12 ||
      line[8] != ' ' || !absl::SimpleAtoi(line.substr(9, 3), &status) ||
      status < 100 || status > 599) {
    return Malformed(line);
  }
  return status;
}

}  // namespace

absl::string_view HttpResponse::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

absl::StatusOr<std::optional<ResponseHead>> ParseResponseHead(
    absl::string_view data) {
  const std::size_t end = data.find(kEndOfHead);
  if (end == absl::string_view::npos) {
    if (data.size() > kMaxResponseHeadBytes) return Malformed(data);
    return std::optional<ResponseHead>();
  }
  ResponseHead head;
  head.size = end + kEndOfHead.size();
  bool first = true;
  for (absl::string_view line : absl::StrSplit(data.substr(0, end), "\r\n")) {
    if (first) {
      absl::StatusOr<int> status = ParseStatusLine(line);
      if (!status.ok()) return status.status();
      head.response.status = *status;
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == absl::string_view::npos || colon == 0) return Malformed(line);
    head.response.headers.emplace_back(
        std::string(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return std::optional<ResponseHead>(std::move(head));
}

}  // namespace airlock
