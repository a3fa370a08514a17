// Finds out why a sandbox was lost.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/concurrency/worker_pool.h"
#include "services/executor/backends/docker/docker_containers.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Adds to `end`, which is kSandboxFailed, what the engine says about the
// container: out of memory, exited, removed from outside. Blocks.
ProcessEnd ExplainEnd(ProcessEnd end, DockerContainers& containers,
                      const std::string& container, absl::Time deadline);

// Passes everything on to `observer`, but lets a worker explain an end that is
// kSandboxFailed. `containers` and `workers` must outlive every process.
std::shared_ptr<ProcessObserver> MakeEndExplainer(
    std::shared_ptr<ProcessObserver> observer, DockerContainers& containers,
    WorkerPool& workers, std::string container);

}  // namespace airlock::executor
