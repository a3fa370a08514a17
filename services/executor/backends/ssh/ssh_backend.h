// Sandboxes on a machine reached over SSH.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "airlock/runner/v1/host.pb.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/host_link.h"
#include "services/executor/backends/ssh/ssh_options.h"
#include "services/executor/sandbox/runner_keeper.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// As SandboxBackend. Its sandboxes must be gone before it is.
class SshBackend final : public SandboxBackend {
 public:
  // Begins to connect, which may come later. `clock` must outlive it.
  SshBackend(SshOptions options, const Clock& clock);

  std::string name() const override { return "ssh"; }
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const ProgressFunction& progress) override;
  // Without best effort, kFailedPrecondition LIMITS_NOT_ENFORCED names what the
  // host cannot enforce. Else what SshConnection::Dial() and UploadRunner()
  // say.
  absl::Status Check(absl::Time deadline) override;
  // None: a host has no images.
  absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time deadline) override;
  // The host removes them when it hears of this boot.
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override;

  // For tests.
  HostLink& link() { return link_; }

 private:
  const bool best_effort_;
  HostLink link_;
  RunnerKeeper keeper_;
};

// What a host is asked for. kInvalidArgument: it will never have that. Pure.
absl::StatusOr<runner::v1::OpenCell> CellRequest(const SandboxSpec& spec);

}  // namespace airlock::executor
