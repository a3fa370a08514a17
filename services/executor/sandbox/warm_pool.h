// Sandboxes that wait, started, for who needs one.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/concurrency/worker_pool.h"
#include "common/time/clock.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_quota.h"
#include "services/executor/sandbox/sandbox_reaper.h"
#include "services/executor/sandbox/warm_shelf.h"
#include "services/executor/sandbox/warm_target.h"

namespace airlock::executor {

// What a pool works with. All references must outlive it.
struct WarmPoolServices {
  // Where sandboxes come from. Not a bounded one: the pool takes slots itself.
  SandboxBackend& backend;
  SandboxQuota& quota;
  SandboxReaper& reaper;
  const Clock& clock;
  ExecutorMetrics& metrics;
  // The backend failed in a way that others may meet too. Must not block.
  std::function<void()> on_backend_trouble;
};

// Keeps sandboxes of each target waiting, on workers of its own. What is
// claimed never comes back.
//
// Making for later gives way to making for now: while somebody waits for a
// sandbox nothing is begun here, but once every two seconds, so that a busy
// executor does not stay a slow one. It never pulls an image: a sandbox is made
// as soon as the image is there.
//
// Thread-safe. Nothing blocks unless it says so.
class WarmPool {
 public:
  // Makes nothing before SetBackend() says that the backend is up.
  WarmPool(const std::vector<WarmTarget>& targets, WarmPoolServices services);
  // As Close(), then waits for what is being made.
  ~WarmPool();
  WarmPool(const WarmPool&) = delete;
  WarmPool& operator=(const WarmPool&) = delete;

  // A started, unused sandbox that is exactly what `spec` asks for, or
  // nothing. With an image id only one of that image; never with pull policy
  // "always", which may mean another image each time.
  std::unique_ptr<Sandbox> Claim(const SandboxSpec& spec)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Gives up the sandbox that has waited longest, so that its slot becomes
  // free. Nothing happens if none waits.
  void MakeRoom() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the backend can be used, and the images it has. Nothing is made
  // while it is down; what waits stays as long as it can be used.
  void SetBackend(bool up, const std::vector<BackendImage>& images)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Looks at the time and at what waits. Called about every 200 ms.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);

  // Blocks until every target was filled once or could not be, or until
  // `timeout`. Call it after SetBackend(true).
  void AwaitFirstFill(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes no more and gives up all there is. For good.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // Blocks until nothing of it is left, or until `deadline`; whether nothing
  // is. Call it after Close().
  bool AwaitEmpty(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sandboxes that wait.
  std::size_t ready() const ABSL_LOCKS_EXCLUDED(mutex_);
  // How many shall wait.
  std::size_t target() const { return target_; }

 private:
  // Sandboxes on their way out. Outlives the pool where the reaper does.
  struct Leaving {
    absl::Mutex mutex;
    std::size_t count ABSL_GUARDED_BY(mutex) = 0;
  };
  // A sandbox to be made.
  struct Making {
    WarmShelf* shelf = nullptr;
    SandboxSpec spec;
    std::shared_ptr<SandboxQuota::Slot> slot;
  };

  // Begins what shall be made now.
  void Refill() ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<Making> PlanRefill() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayMake(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Begin(const std::vector<Making>& plan) ABSL_LOCKS_EXCLUDED(mutex_);
  // On a worker.
  void Make(const Making& making);
  // Returns what shall be made next.
  std::vector<Making> HandleMade(const Making& making,
                                 absl::StatusOr<std::unique_ptr<Sandbox>> made)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void HandleFailure(const absl::Status& status);
  // From now on they are leaving; Destroy() follows, without the lock.
  void CountLeaving(const Discards& discards)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Hands over to the reaper.
  void Destroy(Discards discards) ABSL_LOCKS_EXCLUDED(mutex_);
  void ShowReady() ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsSettled() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool IsMakingNothing() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  std::size_t CountReady() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  WarmPoolServices services_;
  const std::size_t target_;
  const std::shared_ptr<Leaving> leaving_ = std::make_shared<Leaving>();

  mutable absl::Mutex mutex_;
  // Shelves stay where they are.
  std::deque<WarmShelf> shelves_ ABSL_GUARDED_BY(mutex_);
  bool up_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Since when others go first.
  std::optional<absl::Duration> yielding_since_ ABSL_GUARDED_BY(mutex_);

  // Last: its threads use the rest. Null without targets.
  std::unique_ptr<WorkerPool> workers_;
};

}  // namespace airlock::executor
