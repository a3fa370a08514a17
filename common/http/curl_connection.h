// An upgraded connection on a libcurl handle.
#pragma once

#include <curl/curl.h>

#include "absl/strings/string_view.h"
#include "common/http/curl_handle.h"
#include "common/http/http_transport.h"

namespace airlock {

// Connects, sends `request` by hand and reads the head of the answer, so that
// unix sockets, TCP and TLS all become the same raw stream. As
// HttpTransport::Upgrade().
absl::StatusOr<HttpTransport::UpgradeResult> UpgradeWithCurl(
    const HttpEndpoint& endpoint, const HttpRequest& request,
    absl::Time deadline);

}  // namespace airlock
