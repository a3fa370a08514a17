// Makes a hardened, started container with its streams attached.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/upgraded_connection.h"
#include "services/executor/backends/docker/container_spec.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/backends/docker/janitor.h"
#include "services/executor/backends/docker/runner_volume.h"

namespace airlock::executor {

// A container that exists, and is removed again unless it is kept.
class ContainerGuard {
 public:
  // `containers` and `janitor` must outlive it.
  ContainerGuard(std::string container, DockerContainers& containers,
                 Janitor& janitor);
  ~ContainerGuard();
  ContainerGuard(ContainerGuard&& other) noexcept;
  ContainerGuard& operator=(ContainerGuard&&) = delete;

  const std::string& container() const { return container_; }
  // From now on somebody else removes it.
  std::string Keep();

 private:
  // Empty: nothing to remove.
  std::string container_;
  DockerContainers& containers_;
  Janitor& janitor_;
};

// A started container.
struct StartedContainer {
  ContainerGuard guard;
  std::unique_ptr<UpgradedConnection> streams;
};

// Creates what `plan` says, reads it back, attaches and starts it. A container
// that is not exactly what was asked for never starts. Blocks. Nothing is left
// behind after an error. kInvalidArgument with reason SANDBOX_WEAKENED: the
// engine cannot keep the plan. kFailedPrecondition with reason RUNNER_MISSING:
// the volume does not hold the runner any more.
absl::StatusOr<StartedContainer> BuildContainer(const ContainerPlan& plan,
                                                DockerContainers& containers,
                                                Janitor& janitor,
                                                absl::Time deadline);

}  // namespace airlock::executor
