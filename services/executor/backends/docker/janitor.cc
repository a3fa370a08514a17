#include "services/executor/backends/docker/janitor.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/logging/log.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(5);
constexpr absl::Duration kCallLimit = absl::Seconds(20);
constexpr absl::Duration kMayAppear = absl::Seconds(60);
// An engine that is down for long must not cost memory without end; the next
// boot finds what was dropped by its labels.
constexpr std::size_t kMaxLeftovers = 10'000;

}  // namespace

Janitor::Janitor(DockerContainers& containers)
    : containers_(containers), ticker_(kInterval, [this] { Sweep(); }) {}

void Janitor::TakeOver(std::string container, bool may_appear) {
  const absl::Time keep_until =
      may_appear ? absl::Now() + kMayAppear : absl::InfinitePast();
  absl::MutexLock lock(&mutex_);
  if (leftovers_.size() >= kMaxLeftovers) {
    LogWarning("a container is left behind", {{"container", container}});
    return;
  }
  leftovers_.push_back({std::move(container), keep_until});
}

void Janitor::Sweep() {
  std::vector<Leftover> round;
  {
    absl::MutexLock lock(&mutex_);
    round.swap(leftovers_);
  }
  for (Leftover& leftover : round) {
    const absl::Time now = absl::Now();
    const absl::Status removed =
        containers_.Remove(leftover.container, now + kCallLimit);
    if (removed.ok() && now >= leftover.keep_until) continue;
    if (!removed.ok()) {
      LogWarning("a container could not be removed yet",
                 {{"container", leftover.container}, {"error", removed}});
    }
    absl::MutexLock lock(&mutex_);
    leftovers_.push_back(std::move(leftover));
  }
}

std::size_t Janitor::waiting() const {
  absl::MutexLock lock(&mutex_);
  return leftovers_.size();
}

}  // namespace airlock::executor
