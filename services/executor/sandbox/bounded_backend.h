// A backend that makes no more sandboxes than the executor may have.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_quota.h"

namespace airlock::executor {

// `sandbox`, which holds `slot` until it is destroyed.
std::unique_ptr<Sandbox> HoldSlot(std::unique_ptr<Sandbox> sandbox,
                                  SandboxQuota::Slot slot);

// A decorator over the seam: as `backend`, but each sandbox holds a slot of
// `quota` from before it is made until it is destroyed. Create() waits a while
// for one, then it answers kResourceExhausted with reason SANDBOX_LIMIT.
class BoundedBackend final : public SandboxBackend {
 public:
  // `make_room` is called when there is no slot, and must not block: it asks
  // somebody to destroy a sandbox that can be spared. `backend`, `quota` and
  // what `make_room` uses must outlive it.
  BoundedBackend(SandboxBackend& backend, SandboxQuota& quota,
                 std::function<void()> make_room,
                 absl::Duration room_wait = absl::Seconds(10));

  std::string name() const override { return backend_.name(); }
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const SandboxSpec& spec, absl::string_view execution_id,
      absl::Time deadline, const ProgressFunction& progress) override;
  absl::Status Check(absl::Time deadline) override;
  absl::StatusOr<std::vector<BackendImage>> ListImages(
      absl::Time deadline) override;
  absl::StatusOr<int> RemoveLeftovers(absl::Time deadline) override;

 private:
  SandboxBackend& backend_;
  SandboxQuota& quota_;
  const std::function<void()> make_room_;
  const absl::Duration room_wait_;
};

}  // namespace airlock::executor
