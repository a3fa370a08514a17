#include "services/gateway/web/page_headers.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::gateway {
namespace {

constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

absl::Status CrossOrigin(absl::string_view what) {
  return MakeError(
      absl::StatusCode::kPermissionDenied, "CROSS_ORIGIN",
      absl::StrCat("only the page itself may ask for this: ", what));
}

}  // namespace

void AddSecurityHeaders(bool tls, HttpResponse& response) {
  const auto add = [&response](const char* name, const char* value) {
    response.headers.emplace_back(name, value);
  };
  add("Content-Security-Policy", kPolicy);
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Permissions-Policy",
      "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  if (tls) add("Strict-Transport-Security", "max-age=31536000");
}

absl::Status CheckSameOrigin(const HttpRequest& request, bool tls) {
  const absl::string_view site = request.Header("sec-fetch-site");
  if (!site.empty() && site != "same-origin") {
    // "none": somebody typed the address, which can only read.
    if (site != "none" || request.method != "GET") {
      return CrossOrigin(absl::StrCat("Sec-Fetch-Site is ", site));
    }
  }
  const absl::string_view origin = request.Header("origin");
  // Behind a proxy that ends TLS the page's scheme is not ours.
  const bool own =
      origin == absl::StrCat("https://", request.Header("host")) ||
      (!tls && origin == absl::StrCat("http://", request.Header("host")));
  if (!origin.empty() && !own) {
    return CrossOrigin(
        absl::StrCat("Origin is not that of ", request.Header("host")));
  }
  if (request.method != "GET" && request.Header("x-airlock-page") != "1") {
    return CrossOrigin("the header X-Airlock-Page: 1 is missing");
  }
  return absl::OkStatus();
}

}  // namespace airlock::gateway
