// What keeps the page apart from everything else a browser shows.
#pragma once

#include "absl/status/status.h"
#include "services/gateway/http/http_message.h"

namespace airlock::gateway {

// Adds to every answer what a browser must not do with it: run or load anything
// from elsewhere, show it in a frame, guess its type, tell others where it came
// from; with TLS also to come back without.
void AddSecurityHeaders(bool tls, HttpResponse& response);

// Whether a request under /api comes from the page itself. PERMISSION_DENIED
// with reason CROSS_ORIGIN: it comes from another origin, or it would change
// something and lacks the header "X-Airlock-Page: 1", which no form and no
// other origin can send.
absl::Status CheckSameOrigin(const HttpRequest& request, bool tls);

}  // namespace airlock::gateway
