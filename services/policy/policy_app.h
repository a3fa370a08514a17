// The policy service, running.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/process/service_app.h"
#include "services/policy/policy_config.h"

namespace airlock::policy {

// Serves gateways and executors on one mutual-TLS port, and /metrics and
// health on two others. Thread-safe.
class PolicyApp final : public ServiceApp {
 public:
  // Reads keys and tokens and begins to serve. Errors name the file or the
  // address that was wrong.
  static absl::StatusOr<std::unique_ptr<PolicyApp>> Start(
      const PolicyConfig& config);
  ~PolicyApp() override;

  void Drain(absl::Time deadline) override;
  // Reads the contract's sections of the configuration again, soon.
  void Reload() override;

  // Where it listens; for who asked for any free port.
  int port() const;
  int metrics_port() const;
  int probe_port() const;

 private:
  struct Parts;
  explicit PolicyApp(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace airlock::policy
