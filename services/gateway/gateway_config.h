// The gateway's settings, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"
#include "common/config/values.h"
#include "common/security/tls.h"

namespace airlock::gateway {

// What `gateway.web` says, with its defaults.
struct WebSettings {
  HostPort listen;
  // Whether browsers come over `gateway.tls`.
  bool tls = false;
  // Empty: a key for this process only.
  std::string session_key_path;
  absl::Duration session_lifetime;
  std::int64_t max_connections = 0;
};

// What the `gateway` section of the configuration says, with its defaults.
struct GatewaySettings {
  // Where agents connect.
  HostPort listen;
  // What agents see. None: plain text, which only loopback addresses may have
  // unless the file says `insecurePlainText`.
  std::optional<TlsFiles> tls;
  // What policy replicas see.
  TlsFiles internal_tls;
  // A gRPC target.
  std::string policy_target;
  std::string tokens_path;
  // Authorities of principals' certificates. Empty: none is asked for.
  std::string client_ca_path;
  // None: there is no page.
  std::optional<WebSettings> web;
  HostPort metrics_listen;
  HostPort probe_listen;
  absl::Duration drain_timeout;
  // In flight at once.
  std::int64_t max_calls_per_principal = 0;
  // Of each agent.
  std::int64_t max_calls_per_second = 1000;
  // The longest time a unary call may take, whatever the client said.
  absl::Duration unary_timeout = absl::Seconds(30);
  // The same for a stream.
  absl::Duration stream_timeout = absl::Hours(24);
  // How long a client may take to send its request.
  absl::Duration request_timeout = absl::Seconds(30);
};

// Reads the section; what is wrong is added to `problems` with its key path.
// Files are not opened: their names may be right on another machine.
GatewaySettings GatewaySettingsFrom(const airlock::config::v1::Config& config,
                                    ProblemList& problems);

}  // namespace airlock::gateway
