// How many sandboxes an executor may have.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock::executor {

// Counts sandboxes from before they are made until they are gone for good.
// Who needs one now goes before who makes one for later. Thread-safe; must
// outlive its slots.
class SandboxQuota {
 public:
  // The place of one sandbox, given back by destruction.
  class Slot {
   public:
    explicit Slot(SandboxQuota& quota) : quota_(&quota) {}
    ~Slot() { Release(); }
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&&) = delete;

    // Gives it back now. Idempotent.
    void Release();

   private:
    SandboxQuota* quota_;
  };

  // Marks, while it lives, that somebody waits for a sandbox.
  class Demand {
   public:
    explicit Demand(SandboxQuota& quota);
    ~Demand();
    Demand(const Demand&) = delete;
    Demand& operator=(const Demand&) = delete;

   private:
    SandboxQuota& quota_;
  };

  explicit SandboxQuota(std::size_t limit) : limit_(limit) {}

  // For a sandbox that is needed now. Where there is none, `make_room` is
  // called once and a slot awaited, until `deadline`. kResourceExhausted with
  // reason SANDBOX_LIMIT: there was none until then.
  absl::StatusOr<Slot> Take(absl::Time deadline,
                            const std::function<void()>& make_room)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // For a sandbox that waits for work. Never blocks; nothing while there is no
  // slot, or somebody waits for one.
  std::optional<Slot> TryTake() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t limit() const { return limit_; }
  // Sandboxes there are, are made or are being removed.
  std::size_t taken() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether somebody waits for a sandbox.
  bool in_demand() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool HasRoom() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return taken_ < limit_;
  }

  const std::size_t limit_;
  mutable absl::Mutex mutex_;
  std::size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  // In Take(), without a slot yet.
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t demands_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace airlock::executor
