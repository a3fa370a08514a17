// An executor, running.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/process/service_app.h"
#include "services/executor/executor_config.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/enforcement.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// As whom a backend makes its sandboxes.
struct BackendIdentity {
  std::string executor_id;
  // Differs with each start of the executor; hexadecimal.
  std::string boot;
  // Where a backend counts what only it has; outlives the backend. Null: the
  // backend is only tried, and leaves the engine or host as it is.
  ExecutorMetrics* metrics = nullptr;
};

// Makes the backend of an executor. It must not need the engine to be up.
using BackendFactory =
    std::function<absl::StatusOr<std::unique_ptr<SandboxBackend>>(
        const BackendIdentity&)>;

// What came of trying a backend.
struct BackendTrial {
  // Whether work could be taken.
  absl::Status status;
  // Each limit that was tried; empty if it did not come to that.
  std::vector<EnforcementCheck> checks;
};

// Does with a backend what an executor does before it takes work: connects,
// makes a small sandbox, tries every limit in it and removes it. Leaves
// sandboxes of others alone. Blocks until `deadline`, and a few seconds to
// clean up.
BackendTrial TryBackend(const ExecutorConfig& config,
                        const BackendFactory& make_backend,
                        absl::Time deadline);

// Dials the policy replicas and runs what they send; serves /metrics and
// health. It starts even while no policy and no engine answers, and is ready
// when both do, its sandboxes were found to keep their limits, and those that
// shall wait do. Thread-safe.
class ExecutorApp final : public ServiceApp {
 public:
  // Locks the state directory and reads keys. Errors name the setting, the
  // file or the address that was wrong.
  static absl::StatusOr<std::unique_ptr<ExecutorApp>> Start(
      const ExecutorConfig& config, const BackendFactory& make_backend);
  // Kills what still runs.
  ~ExecutorApp() override;

  void Drain(absl::Time deadline) override;

  // The persisted id.
  const std::string& id() const;
  // Whether a policy is connected and the backend can be used.
  bool ready() const;
  // Where it listens; for who asked for any free port.
  int metrics_port() const;
  int probe_port() const;

 private:
  struct Parts;
  explicit ExecutorApp(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace airlock::executor
