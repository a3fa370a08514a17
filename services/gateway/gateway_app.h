// The gateway as one object.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/process/service_app.h"
#include "services/gateway/gateway_config.h"

namespace airlock::gateway {

// Serves agents from Start() until it is drained or destroyed. It is ready
// while a policy replica is connected. Thread-safe.
class GatewayApp final : public ServiceApp {
 public:
  // Errors name the setting: a file that cannot be used, an address that
  // cannot be listened on. A policy service that is not there is no error.
  static absl::StatusOr<std::unique_ptr<GatewayApp>> Start(
      const GatewaySettings& settings);
  ~GatewayApp() override;

  // The ports that are listened on, where the settings said 0 too.
  int port() const;
  // 0: there is no page.
  int web_port() const;
  int metrics_port() const;
  int probe_port() const;

  void Drain(absl::Time deadline) override;

  // Whether a policy replica is connected.
  bool ready() const;

 private:
  struct Parts;
  explicit GatewayApp(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace airlock::gateway
