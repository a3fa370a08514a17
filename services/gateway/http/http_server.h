// HTTP/1.1 for browsers.
#pragma once

#include <prometheus/gauge.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/config/values.h"
#include "common/security/tls.h"
#include "services/gateway/http/http_exchange.h"

namespace airlock::gateway {

struct HttpServerOptions {
  HostPort listen;
  // None: plain text.
  std::optional<TlsFiles> tls;
  // More are closed at once.
  std::size_t max_connections = 4096;
  // From the first byte of a connection, or of TLS, to the end of a head.
  absl::Duration head_timeout = absl::Seconds(10);
  // For the rest of a request.
  absl::Duration body_timeout = absl::Seconds(30);
  // From an answer to the next request's head.
  absl::Duration idle_timeout = absl::Seconds(75);
  // For each piece of an answer.
  absl::Duration write_timeout = absl::Seconds(30);
  // Connections that are open. Must outlive the server.
  prometheus::Gauge* connections = nullptr;
};

// Serves on one thread of its own: nothing in it waits for one client. Heads
// longer than 16 KiB, names that come twice and everything else that two
// readers could understand differently are refused. Stops when destroyed.
// Thread-safe.
class HttpServer {
 public:
  // `handler` must outlive the server. UNAVAILABLE: the address cannot be
  // listened on; the certificate's errors name "gateway.tls".
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const HttpServerOptions& options, HttpHandler& handler);

  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

  // Takes no more connections, ends streams and waits until what is being
  // answered is answered, or `deadline`.
  void Drain(absl::Time deadline);

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace airlock::gateway
