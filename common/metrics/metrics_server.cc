#include "common/metrics/metrics_server.h"

#include <exception>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/metrics/process_metrics.h"
#include "common/status/error.h"

namespace airlock {

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    const std::string& listen, std::shared_ptr<prometheus::Registry> registry) {
  std::unique_ptr<MetricsServer> server(new MetricsServer());
  server->registry_ = std::move(registry);
  server->process_ = std::make_shared<ProcessMetrics>();
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(listen, 2);
    server->exposer_->RegisterCollectable(server->registry_);
    server->exposer_->RegisterCollectable(server->process_);
    const std::vector<int> ports = server->exposer_->GetListeningPorts();
    if (!ports.empty()) server->port_ = ports.front();
  } catch (const std::exception&) {
    // The exception only says "null context".
    server->port_ = 0;
  }
  if (server->port_ == 0) {
    return MakeError(
        absl::StatusCode::kUnavailable, "CANNOT_LISTEN",
        absl::StrCat("cannot listen on \"", listen,
                     "\": the address must be this machine's, and free"),
        {{"address", listen}});
  }
  return server;
}

}  // namespace airlock
