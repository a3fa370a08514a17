#include "tests/support/fake_http_transport.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"

namespace airlock {

absl::StatusOr<HttpResponse> FakeHttpTransport::Send(const HttpRequest& request,
                                                     absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(request);
  }
  if (absl::Now() >= deadline) {
    return absl::DeadlineExceededError("no time was left for the HTTP call");
  }
  absl::StatusOr<HttpResponse> response = answer_(request);
  if (!response.ok()) return response;
  if (response->body.size() > request.max_answer_bytes) {
    return absl::ResourceExhaustedError("an HTTP answer is too long");
  }
  if (!request.on_body || response->status / 100 != 2) return response;
  const std::string body = std::exchange(response->body, {});
  // In odd pieces, as networks do.
  for (std::size_t at = 0; at < body.size(); at += 7) {
    absl::Status taken = request.on_body(absl::string_view(body).substr(at, 7));
    if (!taken.ok()) return taken;
  }
  return response;
}

absl::StatusOr<HttpTransport::UpgradeResult> FakeHttpTransport::Upgrade(
    const HttpRequest& request, absl::Time deadline) {
  absl::StatusOr<HttpResponse> response = Send(request, deadline);
  if (!response.ok()) return response.status();
  UpgradeResult result;
  result.response = *std::move(response);
  return result;
}

std::vector<HttpRequest> FakeHttpTransport::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

HttpResponse MakeHttpResponse(int status, absl::string_view body,
                              HttpHeaders headers) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::string(body);
  return response;
}

}  // namespace airlock
