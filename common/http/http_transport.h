// HTTP as a seam: a request in, an answer out, before a deadline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/upgraded_connection.h"

namespace airlock {

// Names and values in their order. Names compare without case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// One request.
struct HttpRequest {
  // "GET", "POST", "PUT", "DELETE", "HEAD".
  std::string method = "GET";
  // Absolute, such as "http://docker/_ping" or "https://host:1/path?query".
  std::string url;
  HttpHeaders headers;
  std::string body;
  // A longer answer ends the call with kResourceExhausted.
  std::size_t max_answer_bytes = std::size_t{1} << 20U;
  // When set, the body of a 2xx answer comes here in pieces and
  // HttpResponse::body stays empty. An error ends the call and is what Send()
  // returns. Called from the thread that called Send().
  std::function<absl::Status(absl::string_view piece)> on_body;
};

// The answer, whatever its status code.
struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  // The value of the first header with this name, or "".
  absl::string_view Header(absl::string_view name) const;
};

// An HTTP client. Thread-safe; both calls block until `deadline` at most.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // Sends a request and reads the whole answer. Redirects are not followed.
  //
  // kUnavailable: nobody answered, or the connection broke or was not
  // trusted. kDeadlineExceeded. kResourceExhausted: the answer was too long.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                            absl::Time deadline) = 0;

  // What an upgrade came to: a connection after 101, else only an answer.
  struct UpgradeResult {
    HttpResponse response;
    std::unique_ptr<UpgradedConnection> connection;
  };

  // Sends a request that asks for an upgrade to a raw byte stream on a
  // connection of its own. Errors as of Send().
  virtual absl::StatusOr<UpgradeResult> Upgrade(const HttpRequest& request,
                                                absl::Time deadline) = 0;
};

}  // namespace airlock
