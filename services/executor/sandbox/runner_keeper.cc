#include "services/executor/sandbox/runner_keeper.h"

#include "absl/time/time.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(3);

}  // namespace

RunnerKeeper::RunnerKeeper() : ticker_(kInterval, [this] { PingAll(); }) {}

void RunnerKeeper::Add(const std::shared_ptr<RunnerClient>& runner) {
  absl::MutexLock lock(&mutex_);
  runners_.push_back(runner);
}

void RunnerKeeper::PingAll() {
  std::vector<std::shared_ptr<RunnerClient>> alive;
  {
    absl::MutexLock lock(&mutex_);
    std::erase_if(runners_, [&alive](const std::weak_ptr<RunnerClient>& weak) {
      std::shared_ptr<RunnerClient> runner = weak.lock();
      if (runner == nullptr) return true;
      alive.push_back(std::move(runner));
      return false;
    });
  }
  for (const std::shared_ptr<RunnerClient>& runner : alive) runner->Ping();
}

}  // namespace airlock::executor
