// An HTTP server that is a function.
#pragma once

#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/http/http_transport.h"

namespace airlock {

// Answers with what `answer` returns and remembers what was asked. Keeps what
// the seam promises: deadlines, bounds, streamed bodies. Thread-safe.
class FakeHttpTransport final : public HttpTransport {
 public:
  using Answer =
      std::function<absl::StatusOr<HttpResponse>(const HttpRequest& request)>;

  explicit FakeHttpTransport(Answer answer) : answer_(std::move(answer)) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    absl::Time deadline) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Never upgrades: the answer is what Send() would say.
  absl::StatusOr<UpgradeResult> Upgrade(const HttpRequest& request,
                                        absl::Time deadline) override;

  // In the order they came.
  std::vector<HttpRequest> requests() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const Answer answer_;
  mutable absl::Mutex mutex_;
  std::vector<HttpRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

// An answer with a body.
HttpResponse MakeHttpResponse(int status, absl::string_view body,
                              HttpHeaders headers = {});

}  // namespace airlock
