// libcurl's easy handle, owned, with the settings every call has.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock {

// How to reach a server, the same for every call of a transport.
struct HttpEndpoint {
  // When not empty, every connection goes to this unix socket, whatever host
  // the URL names.
  std::string unix_socket_path;
  // PEM files for https: whom to trust (empty: the system's), and who we are
  // (both or none).
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  // The longest time connecting may take, within the call's deadline.
  absl::Duration connect_timeout = absl::Seconds(10);
};

// The type of libcurl's numbers.
using CurlLong = long;  // NOLINT(google-runtime-int)

struct CurlDeleter {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;

struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;

// A new handle. Sets up libcurl itself on the first call. Never null.
CurlHandle MakeCurlHandle();

// Sets the endpoint, the URL and the time that is left. `error_text` has
// CURL_ERROR_SIZE bytes and must live as long as the handle is used.
// kDeadlineExceeded if no time is left.
absl::Status PrepareCurlHandle(CURL* curl, const HttpEndpoint& endpoint,
                               const std::string& url, absl::Time deadline,
                               char* error_text);

// A libcurl failure as a status: kDeadlineExceeded or kUnavailable, with
// libcurl's words, the system's and whom we tried to reach.
absl::Status CurlError(CURL* curl, CURLcode code, const HttpEndpoint& endpoint,
                       absl::string_view error_text);

}  // namespace airlock
