#include "services/gateway/http/request_reader.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace airlock::gateway {
namespace {

constexpr int kBadRequest = 400;
constexpr int kVersionNotSupported = 505;
constexpr int kHttp11 = 11;

// Two of these would mean one thing to us and another to whoever is in front.
constexpr std::array<absl::string_view, 9> kSingle = {
    "host",          "origin",         "cookie",
    "content-type",  "content-length", "transfer-encoding",
    "last-event-id", "authorization",  "x-airlock-page"};

absl::string_view View(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

bool ReadTarget(absl::string_view target, HttpRequest& request) {
  if (target.empty() || target.front() != '/') return false;
  const std::size_t question = target.find('?');
  if (question != absl::string_view::npos) {
    request.query = std::string(target.substr(question + 1));
  }
  return DecodePercent(target.substr(0, question), request.path);
}

}  // namespace

int ReadHead(const boost::beast::http::request_header<>& head,
             HttpRequest& request) {
  if (head.version() != kHttp11) return kVersionNotSupported;
  request.method = std::string(View(head.method_string()));
  if (!ReadTarget(View(head.target()), request)) return kBadRequest;
  for (const auto& field : head) {
    const std::string name = absl::AsciiStrToLower(View(field.name_string()));
    const absl::string_view value = View(field.value());
    const auto [it, is_new] = request.headers.emplace(name, value);
    if (is_new) continue;
    if (std::find(kSingle.begin(), kSingle.end(), name) != kSingle.end()) {
      return kBadRequest;
    }
    absl::StrAppend(&it->second, ", ", value);
  }
  return request.Header("host").empty() ? kBadRequest : 0;
}

}  // namespace airlock::gateway
