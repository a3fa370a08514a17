// /metrics over plain HTTP.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace airlock {

// Serves one registry together with the process_* metrics and
// airlock_build_info. Several in one process do not disturb each other, each
// with its own registry and port. Stops when destroyed.
class MetricsServer {
 public:
  // `listen` is "host:port", port 0 takes any free one. The server shares the
  // registry. UNAVAILABLE if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      const std::string& listen,
      std::shared_ptr<prometheus::Registry> registry);

  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  int port() const { return port_; }

 private:
  explicit MetricsServer(std::string listen) : listen_(std::move(listen)) {}

  const std::string listen_;

  // The exposer holds these weakly, so they outlive it.
  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<prometheus::Collectable> process_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  int port_ = 0;
};

}  // namespace airlock
