// Sandboxes from a Docker engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/concurrency/worker_pool.h"
#include "common/http/http_transport.h"
#include "services/executor/backends/docker/attach_loop.h"
#include "services/executor/backends/docker/container_builder.h"
#include "services/executor/backends/docker/docker_client.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/backends/docker/docker_images.h"
#include "services/executor/backends/docker/docker_options.h"
#include "services/executor/backends/docker/docker_volumes.h"
#include "services/executor/backends/docker/janitor.h"
#include "services/executor/backends/docker/runner_volume.h"
#include "services/executor/sandbox/runner_keeper.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// As SandboxBackend. Its sandboxes must be gone before it is.
class DockerBackend final : public SandboxBackend {
 public:
  // Checks the options and reads the runner; does not talk to the engine, so
  // an engine that comes later is fine. kInvalidArgument, kNotFound.
  static absl::StatusOr<std::unique_ptr<DockerBackend>> Open(
      DockerOptions options);
  // The same over a given transport.
  static absl::StatusOr<std::unique_ptr<DockerBackend>> Open(
      DockerOptions options, std::shared_ptr<HttpTransport> transport);

  std::string name() const override { return "docker"; }
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const ProgressFunction& progress) override;
  absl::Status Check(absl::Time deadline) override;
  absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time deadline) override;
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override;

 private:
  DockerBackend(DockerOptions options, DockerAddress address,
                std::shared_ptr<HttpTransport> transport);

  absl::StatusOr<ContainerPlan> MakePlan(const SandboxSpec& spec,
                                         absl::string_view execution_id,
                                         absl::Time deadline,
                                         const ProgressFunction& progress);
  absl::StatusOr<StartedContainer> Build(const ContainerPlan& plan,
                                         absl::Time deadline);

  const DockerOptions options_;
  DockerClient client_;
  DockerContainers containers_;
  DockerImages images_;
  DockerVolumes volumes_;
  std::unique_ptr<RunnerVolume> runner_volume_;
  Janitor janitor_;
  // Ask the engine why a sandbox was lost.
  WorkerPool explainers_;
  AttachLoop loop_;
  RunnerKeeper keeper_;
};

}  // namespace airlock::executor
