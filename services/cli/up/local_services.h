// Gateway, policy and executor in one process, over real gRPC.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"
#include "services/executor/executor_app.h"
#include "services/executor/executor_config.h"
#include "services/gateway/gateway_app.h"
#include "services/gateway/gateway_config.h"
#include "services/policy/policy_app.h"
#include "services/policy/policy_config.h"

namespace airlock::cli {

// The checked settings of all three.
struct LocalSettings {
  gateway::GatewaySettings gateway;
  policy::PolicyConfig policy;
  executor::ExecutorConfig executor;
};

// Checks every section of a completed configuration. What is returned is good
// for use only if there was no error.
LocalSettings CheckLocalConfig(const config::v1::Config& config,
                               ProblemList& problems);

// The three services, running. Not thread-safe.
class LocalServices {
 public:
  // Starts the policy, then the gateway, then the executor; those that were to
  // dial kOwnPolicyTarget dial this policy. Errors say which service did not
  // start and why.
  static absl::StatusOr<std::unique_ptr<LocalServices>> Start(
      LocalSettings settings);

  // Cuts what is left: the executor first, which kills what runs.
  ~LocalServices() = default;
  LocalServices(const LocalServices&) = delete;
  LocalServices& operator=(const LocalServices&) = delete;

  // OK when the gateway and an executor that can make sandboxes are connected;
  // else the error says what is waited for. Blocks for a few seconds at most.
  absl::Status Ready();

  // Whether the engine has the configured image already.
  bool HasImage();
  const std::string& image() const { return image_; }

  // Where agents connect, and where metrics are: "host:port".
  std::string endpoint() const;
  std::string gateway_metrics() const;
  // Where the page is, as a browser wants it.
  std::string page() const;
  std::string policy_metrics() const;
  std::string executor_metrics() const;

  // The policy takes up what has changed in the contract. The gateway and the
  // executor have nothing that changes without a restart; the policy names it.
  void Reload() { policy_->Reload(); }

  // Takes nothing new, lets what runs end, each service within its configured
  // time: the gateway first, so that nothing new comes; then the executor,
  // whose ends the policy must still record; the policy last.
  void Drain();

 private:
  explicit LocalServices(LocalSettings settings);

  absl::Status StartAll();

  LocalSettings settings_;
  std::string image_;
  std::unique_ptr<policy::PolicyApp> policy_;
  std::unique_ptr<gateway::GatewayApp> gateway_;
  // The executor's; it lives as long as that.
  executor::SandboxBackend* backend_ = nullptr;
  std::unique_ptr<executor::ExecutorApp> executor_;
};

}  // namespace airlock::cli
