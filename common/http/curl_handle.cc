#include "common/http/curl_handle.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock {
namespace {

// Whom a call talks to, for errors.
std::string Peer(CURL* curl, const HttpEndpoint& endpoint) {
  if (!endpoint.unix_socket_path.empty()) {
    return absl::StrCat("unix://", endpoint.unix_socket_path);
  }
  const char* url = nullptr;
  curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
  const absl::string_view text = url == nullptr ? "" : url;
  // Not more than scheme and host: a path or query may hold a secret.
  const std::size_t host = text.find("://");
  if (host == absl::string_view::npos) return std::string(text);
  return std::string(text.substr(0, text.find('/', host + 3)));
}

}  // namespace

CurlHandle MakeCurlHandle() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CurlHandle handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (handle == nullptr) throw std::runtime_error("libcurl does not start");
  return handle;
}

absl::Status PrepareCurlHandle(CURL* curl, const HttpEndpoint& endpoint,
                               const std::string& url, absl::Time deadline,
                               char* error_text) {
  const std::int64_t left_ms =
      absl::ToInt64Milliseconds(deadline - absl::Now());
  if (left_ms <= 0) {
    return absl::DeadlineExceededError("no time was left for the HTTP call");
  }
  // A day at most: a long on 32 bits holds no more than 24 days.
  const auto timeout_ms =
      static_cast<CurlLong>(std::min<std::int64_t>(left_ms, 86'400'000));
  const auto connect_ms = static_cast<CurlLong>(std::clamp<std::int64_t>(
      absl::ToInt64Milliseconds(endpoint.connect_timeout), 1, timeout_ms));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                   static_cast<CurlLong>(CURL_HTTP_VERSION_1_1));
  // An engine is reached directly or not at all.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (!endpoint.unix_socket_path.empty()) {
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
                     endpoint.unix_socket_path.c_str());
  }
  if (!endpoint.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, endpoint.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  if (!endpoint.certificate_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, endpoint.certificate_file.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, endpoint.key_file.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                   static_cast<CurlLong>(CURL_SSLVERSION_TLSv1_2));
  return absl::OkStatus();
}

absl::Status CurlError(CURL* curl, CURLcode code, const HttpEndpoint& endpoint,
                       absl::string_view error_text) {
  std::string message = absl::StrCat(
      Peer(curl, endpoint), ": ",
      error_text.empty() ? absl::string_view(curl_easy_strerror(code))
                         : error_text);
  CurlLong system_error = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system_error);
  if (code == CURLE_COULDNT_CONNECT && system_error != 0) {
    absl::StrAppend(&message, " (",
                    std::strerror(static_cast<int>(system_error)), ")");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return MakeError(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT",
                     message);
  }
  return MakeError(absl::StatusCode::kUnavailable, "HTTP_UNAVAILABLE", message);
}

}  // namespace airlock
