#include "services/executor/sandbox/sandbox_reaper.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/logging/log.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kDestroyTimeout = absl::Seconds(30);
// The first attempt and one more at once; after that the sweep takes over.
constexpr int kAttempts = 2;

}  // namespace

SandboxReaper::SandboxReaper(std::size_t threads, std::size_t queue_limit,
                             ExecutorMetrics& metrics)
    : metrics_(metrics), workers_(threads, queue_limit) {}

void SandboxReaper::Destroy(std::shared_ptr<Sandbox> sandbox,
                            std::function<void()> done) {
  auto corpse = std::make_shared<Corpse>();
  corpse->sandbox = std::move(sandbox);
  corpse->done = std::move(done);
  if (!workers_.TrySubmit([this, corpse] { Try(corpse); })) Keep(corpse);
}

void SandboxReaper::Try(const std::shared_ptr<Corpse>& corpse) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = corpse->sandbox->Destroy(absl::Now() + kDestroyTimeout);
    if (status.ok()) {
      corpse->sandbox = nullptr;
      corpse->done();
      return;
    }
    metrics_.CountDestroyFailure();
  }
  LogWarning("sandbox could not be removed and is tried again",
             {{"error", status}});
  Keep(corpse);
}

void SandboxReaper::Keep(const std::shared_ptr<Corpse>& corpse) {
  absl::MutexLock lock(&mutex_);
  left_.push_back(corpse);
}

void SandboxReaper::Sweep() {
  std::vector<std::shared_ptr<Corpse>> left;
  {
    absl::MutexLock lock(&mutex_);
    left.swap(left_);
  }
  for (const auto& corpse : left) {
    if (!workers_.TrySubmit([this, corpse] { Try(corpse); })) Keep(corpse);
  }
}

}  // namespace airlock::executor
