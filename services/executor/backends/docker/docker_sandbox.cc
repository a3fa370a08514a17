#include "services/executor/backends/docker/docker_sandbox.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "services/executor/backends/docker/end_explainer.h"
#include "services/executor/sandbox/process_end.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kLastDestroyLimit = absl::Seconds(5);

}  // namespace

DockerSandbox::DockerSandbox(std::string container, std::string image_id,
                             std::shared_ptr<RunnerClient> runner, Lent lent)
    : container_(std::move(container)),
      image_id_(std::move(image_id)),
      runner_(std::move(runner)),
      lent_(lent) {}

DockerSandbox::~DockerSandbox() {
  const absl::Status destroyed = Destroy(absl::Now() + kLastDestroyLimit);
  if (destroyed.ok()) return;
  LogWarning("a sandbox was not destroyed in time",
             {{"container", container_}, {"error", destroyed}});
  lent_.janitor.TakeOver(container_, /*may_appear=*/false);
}

std::shared_ptr<SandboxProcess> DockerSandbox::Run(
    ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) {
  return runner_->Run(std::move(spec),
                      MakeEndExplainer(std::move(observer), lent_.containers,
                                       lent_.workers, container_));
}

absl::Status DockerSandbox::Destroy(absl::Time deadline) {
  if (destroyed_) return absl::OkStatus();
  // The stream first: while the engine waits for a reader it cannot remove.
  runner_->Abort(kDestroyedReason, "the sandbox was destroyed");
  absl::Status removed = lent_.containers.Remove(container_, deadline);
  if (removed.ok()) destroyed_ = true;
  return removed;
}

}  // namespace airlock::executor
