#include "services/executor/backends/docker/end_explainer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/executor/sandbox/forwarding_observer.h"
#include "services/executor/sandbox/process_end.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kExplainLimit = absl::Seconds(3);
constexpr absl::Duration kPoll = absl::Milliseconds(20);

class EndExplainer final : public ForwardingObserver {
 public:
  EndExplainer(std::shared_ptr<ProcessObserver> observer,
               DockerContainers& containers, WorkerPool& workers,
               std::string container)
      : ForwardingObserver(std::move(observer)),
        containers_(containers),
        workers_(workers),
        container_(std::move(container)) {}

  void OnEnded(const ProcessEnd& end) override {
    const bool known = end.ended_by != EndedBy::kSandboxFailed ||
                       end.reason == kDestroyedReason;
    // The engine is asked on another thread: this one must not block.
    const bool queued =
        !known &&
        workers_.TrySubmit([observer = observer(), end,
                            &containers = containers_, container = container_] {
          observer->OnEnded(ExplainEnd(end, containers, container,
                                       absl::Now() + kExplainLimit));
        });
    if (!queued) observer()->OnEnded(end);
  }

 private:
  DockerContainers& containers_;
  WorkerPool& workers_;
  const std::string container_;
};

}  // namespace

ProcessEnd ExplainEnd(ProcessEnd end, DockerContainers& containers,
                      const std::string& container, absl::Time deadline) {
  absl::StatusOr<ContainerState> state = containers.State(container, deadline);
  // The stream ends a little before the engine knows that the container did.
  while (state.ok() && state->running && absl::Now() + kPoll < deadline) {
    absl::SleepFor(kPoll);
    state = containers.State(container, deadline);
  }
  if (absl::IsNotFound(state.status())) {
    end.reason = "CONTAINER_REMOVED";
    end.message = "the container was removed from outside";
    end.empty = true;
  } else if (!state.ok()) {
    end.reason = "ENGINE_UNAVAILABLE";
    end.message = std::string(state.status().message());
  } else if (!state->running) {
    // With process 1 of its pid namespace everything in it is gone.
    end.empty = true;
    if (state->oom_killed) {
      end.ended_by = EndedBy::kOutOfMemory;
      end.hit_memory = true;
      end.reason = "SANDBOX_OUT_OF_MEMORY";
      end.message = "the kernel ended the whole sandbox for memory";
    } else {
      end.reason = "CONTAINER_EXITED";
      end.message =
          absl::StrCat("the container ended with exit code ", state->exit_code);
    }
  }
  return end;
}

std::shared_ptr<ProcessObserver> MakeEndExplainer(
    std::shared_ptr<ProcessObserver> observer, DockerContainers& containers,
    WorkerPool& workers, std::string container) {
  return std::make_shared<EndExplainer>(std::move(observer), containers,
                                        workers, std::move(container));
}

}  // namespace airlock::executor
