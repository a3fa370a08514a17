// One Docker engine: which version it speaks, and how calls to it fail.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/http/http_transport.h"
#include "nlohmann/json.hpp"

namespace airlock::executor {

// The oldest and the newest API version that is spoken here.
inline constexpr int kMinApiMinor = 41;
inline constexpr int kMaxApiMinor = 49;

// Where an engine is.
struct DockerAddress {
  // Empty: not a unix socket.
  std::string unix_socket_path;
  // What the paths of the API follow: "http://docker", "https://host:2376".
  std::string base_url;

  bool remote() const { return unix_socket_path.empty(); }
};

// Reads "unix:///path" or "tcp://host:port"; with `tls` the latter is https.
absl::StatusOr<DockerAddress> ParseDockerEndpoint(absl::string_view endpoint,
                                                  bool tls);

// A call to the API.
struct DockerCall {
  std::string method = "GET";
  // Without the version: "/containers/json".
  std::string path{};
  // Values are escaped here.
  std::vector<std::pair<std::string, std::string>> query{};
  // With text: sent as it is, of `content_type`.
  std::string body{};
  std::string content_type = "application/json";
  HttpHeaders headers{};
  std::size_t max_answer_bytes = std::size_t{4} << 20U;
  // As HttpRequest::on_body.
  std::function<absl::Status(absl::string_view piece)> on_body{};
};

// An engine. Thread-safe; every call blocks until its deadline at most.
//
// Errors of every call, with the engine's own words in the message:
// kUnavailable (no engine, or its 500), kDeadlineExceeded, kNotFound (404),
// kAlreadyExists (409), kInvalidArgument (other 4xx), kPermissionDenied (401
// and 403), kInternal (an answer nobody understands). The reason is
// ENGINE_UNAVAILABLE or ENGINE_ERROR.
class DockerClient {
 public:
  DockerClient(std::shared_ptr<HttpTransport> transport, DockerAddress address);

  // Asks for the engine's version, again whenever it is called.
  absl::Status Ping(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // A call that must answer 2xx or 304.
  absl::StatusOr<HttpResponse> Call(const DockerCall& call, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The same for an answer in JSON.
  absl::StatusOr<nlohmann::json> CallJson(const DockerCall& call,
                                          absl::Time deadline);

  // A call that becomes a raw stream.
  absl::StatusOr<std::unique_ptr<UpgradedConnection>> Hijack(
      const DockerCall& call, absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  bool remote() const { return address_.remote(); }

 private:
  absl::StatusOr<HttpRequest> MakeRequest(const DockerCall& call,
                                          absl::Time deadline);

  const std::shared_ptr<HttpTransport> transport_;
  const DockerAddress address_;
  absl::Mutex mutex_;
  // "/v1.41". Empty: not asked yet.
  std::string prefix_ ABSL_GUARDED_BY(mutex_);
};

// Escapes one segment of a path or one value of a query.
std::string PercentEncode(absl::string_view text);

}  // namespace airlock::executor
