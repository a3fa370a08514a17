#include "services/executor/sandbox/bounded_backend.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace airlock::executor {
namespace {

// The slot of a sandbox that is never destroyed goes with the object, when the
// executor ends.
class HoldingSandbox final : public Sandbox {
 public:
  HoldingSandbox(std::unique_ptr<Sandbox> sandbox, SandboxQuota::Slot slot)
      : slot_(std::move(slot)), sandbox_(std::move(sandbox)) {}

  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) override {
    return sandbox_->Run(std::move(spec), std::move(observer));
  }
  std::string image_id() const override { return sandbox_->image_id(); }
  bool usable() const override { return sandbox_->usable(); }
  absl::Status Destroy(absl::Time deadline) override {
    absl::Status destroyed = sandbox_->Destroy(deadline);
    absl::MutexLock lock(&mutex_);
    if (destroyed.ok()) slot_.Release();
    return destroyed;
  }

 private:
  absl::Mutex mutex_;
  SandboxQuota::Slot slot_ ABSL_GUARDED_BY(mutex_);
  // Last: it is gone before its slot is free.
  const std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace

std::unique_ptr<Sandbox> HoldSlot(std::unique_ptr<Sandbox> sandbox,
                                  SandboxQuota::Slot slot) {
  return std::make_unique<HoldingSandbox>(std::move(sandbox), std::move(slot));
}

BoundedBackend::BoundedBackend(SandboxBackend& backend, SandboxQuota& quota,
                               std::function<void()> make_room,
                               absl::Duration room_wait)
    : backend_(backend),
      quota_(quota),
      make_room_(std::move(make_room)),
      room_wait_(room_wait) {}

absl::StatusOr<std::unique_ptr<Sandbox>> BoundedBackend::Create(
    const SandboxSpec& spec, absl::string_view execution_id,
    absl::Time deadline, const ProgressFunction& progress) {
  const SandboxQuota::Demand demand(quota_);
  absl::StatusOr<SandboxQuota::Slot> slot =
      quota_.Take(std::min(deadline, absl::Now() + room_wait_), make_room_);
  if (!slot.ok()) return slot.status();
  auto created = backend_.Create(spec, execution_id, deadline, progress);
  if (!created.ok()) return created.status();
  return HoldSlot(*std::move(created), *std::move(slot));
}

absl::Status BoundedBackend::Check(absl::Time deadline) {
  return backend_.Check(deadline);
}

absl::StatusOr<std::vector<BackendImage>> BoundedBackend::ListImages(
    absl::Time deadline) {
  return backend_.ListImages(deadline);
}

absl::StatusOr<int> BoundedBackend::RemoveLeftovers(absl::Time deadline) {
  return backend_.RemoveLeftovers(deadline);
}

}  // namespace airlock::executor
