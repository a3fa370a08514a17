// A container with a runner in it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/concurrency/worker_pool.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/backends/docker/janitor.h"
#include "services/executor/sandbox/runner_client.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// As Sandbox. Must be gone before the backend that made it. Destruction
// destroys what Destroy() has not, and leaves the rest to the janitor.
class DockerSandbox final : public Sandbox {
 public:
  // What a backend lends to its sandboxes; it must outlive them.
  struct Lent {
    DockerContainers& containers;
    WorkerPool& workers;
    Janitor& janitor;
  };

  DockerSandbox(std::string container, std::string image_id,
                std::shared_ptr<RunnerClient> runner, Lent lent);
  ~DockerSandbox() override;

  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) override;
  std::string image_id() const override { return image_id_; }
  bool usable() const override { return !destroyed_ && runner_->usable(); }
  absl::Status Destroy(absl::Time deadline) override;

  // The engine's id of the container.
  const std::string& container() const { return container_; }

 private:
  const std::string container_;
  const std::string image_id_;
  const std::shared_ptr<RunnerClient> runner_;
  const Lent lent_;
  std::atomic<bool> destroyed_ = false;
};

}  // namespace airlock::executor
