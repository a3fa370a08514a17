// HttpTransport with libcurl: TCP, TLS with certificates of both sides, and
// unix sockets.
#pragma once

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/http/curl_handle.h"
#include "common/http/http_transport.h"

namespace airlock {

// Keeps some idle connections for later calls. Thread-safe.
class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(HttpEndpoint endpoint);

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                    absl::Time deadline) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<UpgradeResult> Upgrade(const HttpRequest& request,
                                        absl::Time deadline) override;

 private:
  CurlHandle TakeHandle() ABSL_LOCKS_EXCLUDED(mutex_);
  void GiveBack(CurlHandle handle) ABSL_LOCKS_EXCLUDED(mutex_);

  const HttpEndpoint endpoint_;
  absl::Mutex mutex_;
  // At most kMaxIdleHandles, each with its own connection.
  std::vector<CurlHandle> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
