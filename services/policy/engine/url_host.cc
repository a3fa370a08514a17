#include "services/policy/engine/url_host.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/problems.h"
#include "common/config/values.h"
#include "services/policy/engine/action_limits.h"

namespace airlock::policy {
namespace {

absl::Status BadUrl(absl::string_view what, absl::string_view url) {
  return absl::InvalidArgumentError(
      absl::StrCat("must ", what, ": got ", QuoteForMessage(url)));
}

bool ConsumeScheme(absl::string_view& url, absl::string_view scheme) {
  if (!absl::StartsWithIgnoreCase(url, scheme)) return false;
  url.remove_prefix(scheme.size());
  return true;
}

bool IsPort(absl::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

absl::StatusOr<std::string> HostOfUrl(absl::string_view url) {
  if (url.empty() || url.size() > kMaxUrlBytes) {
    return BadUrl(absl::StrCat("be of 1 to ", kMaxUrlBytes, " bytes"), url);
  }
  const bool visible = std::all_of(url.begin(), url.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '\\';
  });
  if (!visible) {
    return BadUrl("be of visible ASCII without backslashes", url);
  }
  absl::string_view rest = url;
  if (!ConsumeScheme(rest, "https://") && !ConsumeScheme(rest, "http://")) {
    return BadUrl("begin with http:// or https://", url);
  }
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (absl::StrContains(authority, '@')) {
    return BadUrl("not have a user name", url);
  }
  // In brackets there are colons that are no port's.
  const bool bracketed = absl::StartsWith(authority, "[");
  const std::size_t host_end =
      bracketed ? authority.find(']')
                : std::min(authority.find(':'), authority.size());
  if (host_end == absl::string_view::npos) {
    return BadUrl("close the bracket of its address", url);
  }
  absl::string_view host = authority.substr(0, host_end);
  absl::string_view port = authority.substr(host_end);
  if (bracketed) {
    host.remove_prefix(1);
    port.remove_prefix(1);
  }
  if (!port.empty() && (!absl::ConsumePrefix(&port, ":") || !IsPort(port))) {
    return BadUrl("have a port of digits", url);
  }
  if (!bracketed) absl::ConsumeSuffix(&host, ".");
  if (!IsHostName(host) || bracketed != absl::StrContains(host, ':')) {
    return BadUrl("have a host name or an address in its usual form", url);
  }
  return absl::AsciiStrToLower(host);
}

}  // namespace airlock::policy
