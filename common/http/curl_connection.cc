#include "common/http/curl_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/http/response_head.h"
#include "common/status/error.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxRefusalBytes = std::size_t{64} * 1024;

// Owns the handle and what it points to.
class CurlConnection final : public UpgradedConnection {
 public:
  explicit CurlConnection(HttpEndpoint endpoint)
      : endpoint_(std::move(endpoint)), curl_(MakeCurlHandle()) {}

  absl::Status Connect(const std::string& url, absl::Time deadline) {
    url_ = url;
    absl::Status prepared = PrepareCurlHandle(curl_.get(), endpoint_, url_,
                                              deadline, error_text_.data());
    if (!prepared.ok()) return prepared;
    curl_easy_setopt(curl_.get(), CURLOPT_CONNECT_ONLY, 1L);
    CURLcode code = curl_easy_perform(curl_.get());
    if (code != CURLE_OK) return Error(code);
    curl_socket_t socket = CURL_SOCKET_BAD;
    code = curl_easy_getinfo(curl_.get(), CURLINFO_ACTIVESOCKET, &socket);
    if (code != CURLE_OK) return Error(code);
    fd_ = socket;
    return absl::OkStatus();
  }

  int fd() const override { return fd_; }

  absl::StatusOr<std::size_t> Send(absl::string_view data) override {
    std::size_t sent = 0;
    const CURLcode code =
        curl_easy_send(curl_.get(), data.data(), data.size(), &sent);
    if (code == CURLE_AGAIN) return std::size_t{0};
    if (code != CURLE_OK) return Error(code);
    return sent;
  }

  absl::StatusOr<std::optional<std::size_t>> Receive(
      char* buffer, std::size_t size) override {
    if (!early_.empty()) {
      const std::size_t count = std::min(size, early_.size());
      std::memcpy(buffer, early_.data(), count);
      early_.erase(0, count);
      return std::optional<std::size_t>(count);
    }
    std::size_t received = 0;
    const CURLcode code = curl_easy_recv(curl_.get(), buffer, size, &received);
    if (code == CURLE_AGAIN) return std::optional<std::size_t>();
    if (code != CURLE_OK) return Error(code);
    return std::optional<std::size_t>(received);
  }

  // Blocks until the socket is ready for `events`.
  absl::Status Wait(decltype(pollfd::events) events,
                    absl::Time deadline) const {
    while (true) {
      const std::int64_t left_ms = absl::ToInt64Milliseconds(
          std::min(deadline - absl::Now(), absl::Hours(1)));
      if (left_ms <= 0) {
        return MakeError(absl::StatusCode::kDeadlineExceeded, "HTTP_TIMEOUT",
                         "the upgrade was not answered in time");
      }
      pollfd waited{.fd = fd_, .events = events, .revents = 0};
      const int count = poll(&waited, 1, static_cast<int>(left_ms));
      if (count > 0) return absl::OkStatus();
      if (count < 0 && errno != EINTR) {
        return absl::UnavailableError(
            absl::StrCat("poll: ", std::strerror(errno)));
      }
    }
  }

  // Bytes that came behind the head and belong to the stream.
  void SetEarly(std::string data) { early_ = std::move(data); }

 private:
  absl::Status Error(CURLcode code) const {
    return CurlError(curl_.get(), code, endpoint_, error_text_.data());
  }

  const HttpEndpoint endpoint_;
  std::string url_;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  CurlHandle curl_;
  int fd_ = -1;
  std::string early_;
};

// "http://host:1/path" -> host "host:1", target "/path".
std::pair<absl::string_view, absl::string_view> SplitUrl(
    absl::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == absl::string_view::npos ? 0 : scheme + 3;
  const std::size_t slash = url.find('/', begin);
  if (slash == absl::string_view::npos) return {url.substr(begin), "/"};
  return {url.substr(begin, slash - begin), url.substr(slash)};
}

std::string HeadOf(const HttpRequest& request) {
  const auto [host, target] = SplitUrl(request.url);
  std::string head = absl::StrCat(request.method, " ", target,
                                  " HTTP/1.1\r\nHost: ", host, "\r\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&head, "Content-Length: ", request.body.size(), "\r\n\r\n",
                  request.body);
  return head;
}

absl::Status SendAll(CurlConnection& connection, absl::string_view data,
                     absl::Time deadline) {
  while (!data.empty()) {
    absl::StatusOr<std::size_t> sent = connection.Send(data);
    if (!sent.ok()) return sent.status();
    data.remove_prefix(*sent);
    if (data.empty()) break;
    absl::Status writable = connection.Wait(POLLOUT, deadline);
    if (!writable.ok()) return writable;
  }
  return absl::OkStatus();
}

// Appends what comes next to `data`; false at the end of the stream.
absl::StatusOr<bool> ReceiveMore(CurlConnection& connection, std::string& data,
                                 absl::Time deadline) {
  std::array<char, 4096> buffer;
  while (true) {
    absl::StatusOr<std::optional<std::size_t>> received =
        connection.Receive(buffer.data(), buffer.size());
    if (!received.ok()) return received.status();
    if (received->has_value()) {
      data.append(buffer.data(), **received);
      return **received > 0;
    }
    absl::Status readable = connection.Wait(POLLIN, deadline);
    if (!readable.ok()) return readable;
  }
}

// The body of an answer that is no upgrade: as long as it says, or up to the
// end of the connection. It only has words for an error, so a body that
// breaks off is taken as far as it came.
std::string ReceiveRefusal(CurlConnection& connection,
                           const HttpResponse& response, std::string body,
                           absl::Time deadline) {
  std::size_t length = kMaxRefusalBytes;
  if (std::size_t told = 0;
      absl::SimpleAtoi(response.Header("Content-Length"), &told)) {
    length = std::min(told, kMaxRefusalBytes);
  }
  while (body.size() < length) {
    absl::StatusOr<bool> more = ReceiveMore(connection, body, deadline);
    if (!more.ok() || !*more) break;
  }
  body.resize(std::min(body.size(), length));
  return body;
}

}  // namespace

absl::StatusOr<HttpTransport::UpgradeResult> UpgradeWithCurl(
    const HttpEndpoint& endpoint, const HttpRequest& request,
    absl::Time deadline) {
  auto connection = std::make_unique<CurlConnection>(endpoint);
  absl::Status connected = connection->Connect(request.url, deadline);
  if (!connected.ok()) return connected;
  absl::Status sent = SendAll(*connection, HeadOf(request), deadline);
  if (!sent.ok()) return sent;

  std::string data;
  while (true) {
    absl::StatusOr<bool> more = ReceiveMore(*connection, data, deadline);
    if (!more.ok()) return more.status();
    absl::StatusOr<std::optional<ResponseHead>> head = ParseResponseHead(data);
    if (!head.ok()) return head.status();
    if (!head->has_value()) {
      if (*more) continue;
      return MakeError(absl::StatusCode::kUnavailable, "HTTP_UNAVAILABLE",
                       "the connection ended before the upgrade was answered");
    }
    HttpTransport::UpgradeResult result;
    result.response = std::move((*head)->response);
    data.erase(0, (*head)->size);
    if (result.response.status == 101) {
      connection->SetEarly(std::move(data));
      result.connection = std::move(connection);
    } else {
      result.response.body = ReceiveRefusal(*connection, result.response,
                                            std::move(data), deadline);
    }
    return result;
  }
}

}  // namespace airlock
