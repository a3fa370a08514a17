#include "services/executor/sandbox/sandbox_quota.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::executor {

SandboxQuota::Slot::Slot(Slot&& other) noexcept
    : quota_(std::exchange(other.quota_, nullptr)) {}

void SandboxQuota::Slot::Release() {
  SandboxQuota* const quota = std::exchange(quota_, nullptr);
  if (quota == nullptr) return;
  absl::MutexLock lock(&quota->mutex_);
  --quota->taken_;
}

SandboxQuota::Demand::Demand(SandboxQuota& quota) : quota_(quota) {
  absl::MutexLock lock(&quota_.mutex_);
  ++quota_.demands_;
}

SandboxQuota::Demand::~Demand() {
  absl::MutexLock lock(&quota_.mutex_);
  --quota_.demands_;
}

absl::StatusOr<SandboxQuota::Slot> SandboxQuota::Take(
    absl::Time deadline, const std::function<void()>& make_room) {
  {
    absl::MutexLock lock(&mutex_);
    // Who waits already has the next one.
    if (taken_ + waiting_ < limit_) {
      ++taken_;
      return Slot(*this);
    }
    ++waiting_;
  }
  make_room();
  absl::MutexLock lock(&mutex_);
  const bool room = mutex_.AwaitWithDeadline(
      absl::Condition(this, &SandboxQuota::HasRoom), deadline);
  --waiting_;
  if (!room) {
    return MakeError(
        absl::StatusCode::kResourceExhausted, "SANDBOX_LIMIT",
        absl::StrCat("this executor has its ", limit_, " sandboxes already"));
  }
  ++taken_;
  return Slot(*this);
}

std::optional<SandboxQuota::Slot> SandboxQuota::TryTake() {
  absl::MutexLock lock(&mutex_);
  if (taken_ + waiting_ >= limit_) return std::nullopt;
  ++taken_;
  return Slot(*this);
}

std::size_t SandboxQuota::taken() const {
  absl::MutexLock lock(&mutex_);
  return taken_;
}

bool SandboxQuota::in_demand() const {
  absl::MutexLock lock(&mutex_);
  return demands_ > 0;
}

}  // namespace airlock::executor
