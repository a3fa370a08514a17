// A backend whose host is made new.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/duty/host_renewal.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// When a host is made new.
struct RotationOptions {
  absl::Duration max_age = absl::InfiniteDuration();
  // Sandboxes. 0: any number.
  std::uint64_t max_uses = 0;
  // After each sandbox, of which there is one at a time.
  bool every_session = false;
  // Between attempts that failed: doubles from the first to the second. One
  // that waits for an operator is looked at as often as the first.
  absl::Duration first_retry = absl::Seconds(5);
  absl::Duration last_retry = absl::Minutes(5);
};

// A decorator over the seam. When the host is due, no sandbox begins: Create()
// waits. Once none is left, the backend is destroyed, which ends what is left
// on the host, the renewal (if there is one) makes the host new, and a new
// backend connects to it. Until then Check() says kUnavailable HOST_BUSY.
//
// A host that could not be made new is in quarantine: Check() and Create() say
// kFailedPrecondition HOST_QUARANTINED and why. It is tried again once the
// renewal says that it may be.
//
// A host that could not remove a sandbox, that made no sense, or that was lost
// with what ran on it, is due.
class RotatingBackend final : public SandboxBackend {
 public:
  using MakeBackend = std::function<std::unique_ptr<SandboxBackend>()>;

  // With a `renewal` the host is renewed before the first work. `clock` tells
  // the host's age; it and `metrics` must outlive this.
  RotatingBackend(RotationOptions options, MakeBackend make_backend,
                  std::unique_ptr<HostRenewal> renewal, const Clock& clock,
                  ExecutorMetrics& metrics);
  // Its sandboxes must be gone. Ends a renewal that is under way.
  ~RotatingBackend() override;

  std::string name() const override { return "ssh"; }
  // Also kUnavailable HOST_BUSY: the host was not made new until `deadline`.
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const ProgressFunction& progress) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Check(absl::Time deadline) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time deadline) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class CountedSandbox;
  class LossObserver;

  // The backend to ask, which stays until Release(). An error: not now.
  absl::StatusOr<std::shared_ptr<SandboxBackend>> Enter(
      absl::string_view execution_id, absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::shared_ptr<SandboxBackend>> Ask(absl::Time deadline)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // A sandbox is gone, or what is left of it goes with the host.
  void Release(bool was_used, bool failed) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether sandboxes that nobody uses must go.
  bool due() const ABSL_LOCKS_EXCLUDED(mutex_);
  void FindDue(bool wants_more) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CanEnter() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool CanRenew() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status WhyNot() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void Quarantine(const absl::Status& why, absl::Duration pause)
      ABSL_LOCKS_EXCLUDED(mutex_);

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void RenewHost() ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the renewal may be asked; if not, the host is in quarantine.
  bool MayRenew() ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(const std::string& reason, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const RotationOptions options_;
  const MakeBackend make_backend_;
  const std::unique_ptr<HostRenewal> renewal_;
  const Clock& clock_;
  ExecutorMetrics& metrics_;
  std::atomic<bool> stopping_ = false;
  // The thread's own: the pause after the next attempt that fails.
  absl::Duration retry_;

  mutable absl::Mutex mutex_;
  // Null while the host is made new.
  std::shared_ptr<SandboxBackend> backend_ ABSL_GUARDED_BY(mutex_);
  // Why the host must be made new. Empty: it need not.
  std::string due_ ABSL_GUARDED_BY(mutex_);
  // Not OK: in quarantine.
  absl::Status quarantine_ ABSL_GUARDED_BY(mutex_);
  absl::Time retry_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  // Sandboxes that are there or are being made.
  std::size_t live_ ABSL_GUARDED_BY(mutex_) = 0;
  // Since the host was new.
  std::uint64_t uses_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration born_ ABSL_GUARDED_BY(mutex_);

  // Last: it uses everything above.
  std::thread thread_;
};

}  // namespace airlock::executor
