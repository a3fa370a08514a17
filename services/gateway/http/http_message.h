// What a browser asks, and what it is answered.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock::gateway {

// One request, read completely. Nothing of it is to be trusted.
struct HttpRequest {
  // In upper case, such as "GET".
  std::string method;
  // Begins with "/"; percent escapes are decoded.
  std::string path;
  // What stands behind the "?", as it came.
  std::string query;
  // By name in lower case. A name that came twice has no place here: such a
  // request is refused.
  absl::flat_hash_map<std::string, std::string> headers;
  std::string body;
  // Without port. Of the last hop, which may be a proxy.
  std::string peer_address;

  // "" if there is none.
  absl::string_view Header(absl::string_view name) const;
};

// One answer.
struct HttpResponse {
  int status = 200;
  // In the order to be sent. Lengths and encodings are the server's to say.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// A time as headers have it: "Fri, 27 Nov 2026 12:00:00 GMT" (RFC 9110, 5.6.7).
std::string HttpDate(absl::Time time);

// The value of a key of a query, percent escapes decoded; "" if there is none
// or it is not well formed.
std::string QueryValue(absl::string_view query, absl::string_view key);

// Decodes percent escapes. Whether all of them were well formed, and nothing of
// the result is a control character.
bool DecodePercent(absl::string_view text, std::string& decoded);

}  // namespace airlock::gateway
