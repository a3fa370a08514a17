#include "services/policy/rpc/refusal_record.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr double kBurst = 100;
constexpr double kPerSecond = 10;
constexpr absl::Duration kTellAfter = absl::Seconds(1);

// Refused calls of which no other record tells.
Refusal LeftOut(std::uint64_t calls) {
  Refusal refusal;
  refusal.reason = "REFUSALS_LEFT_OUT";
  refusal.message = "these refused calls came too fast to be told one by one";
  refusal.count = calls;
  return refusal;
}

}  // namespace

Refusal RefusalFrom(const RefusedCall& call) {
  Refusal refusal;
  // An approver is told as its answers are, by channel and id.
  refusal.actor = ErrorDetail(call.status, "approver");
  if (refusal.actor.empty()) {
    refusal.actor = call.principal.empty()
                        ? ErrorDetail(call.status, "principal")
                        : std::string(call.principal);
  }
  refusal.agent = ErrorDetail(call.status, "agent");
  refusal.method = std::string(call.method);
  refusal.reason = ErrorReason(call.status);
  refusal.message = std::string(call.status.message());
  refusal.peer_address = call.peer_address;
  return refusal;
}

RefusalRecord::RefusalRecord(const Clock& clock,
                             std::function<void(AuditEntry)> write)
    : clock_(clock),
      write_(std::move(write)),
      turns_(kBurst),
      last_(clock.Monotonic()) {}

std::optional<std::uint64_t> RefusalRecord::TakeTurn(const Refusal& refusal) {
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_.Monotonic();
  turns_ = std::min(kBurst,
                    turns_ + absl::ToDoubleSeconds(now - last_) * kPerSecond);
  last_ = now;
  if (turns_ < 1) {
    left_out_ += refusal.count;
    return std::nullopt;
  }
  turns_ -= 1;
  return std::exchange(left_out_, 0);
}

void RefusalRecord::Add(const Refusal& refusal) {
  const std::optional<std::uint64_t> left_out = TakeTurn(refusal);
  if (!left_out.has_value()) return;
  write_(RefusalEntry(refusal, *left_out, clock_.Now()));
}

void RefusalRecord::AddLeftOut(std::uint64_t calls) {
  absl::MutexLock lock(&mutex_);
  left_out_ += calls;
}

void RefusalRecord::Tick() {
  {
    absl::MutexLock lock(&mutex_);
    if (clock_.Monotonic() - last_ < kTellAfter) return;
  }
  std::optional<AuditEntry> untold = TakeUntold();
  if (untold.has_value()) write_(*std::move(untold));
}

std::optional<AuditEntry> RefusalRecord::TakeUntold() {
  std::uint64_t left_out = 0;
  {
    absl::MutexLock lock(&mutex_);
    left_out = std::exchange(left_out_, 0);
  }
  if (left_out == 0) return std::nullopt;
  return RefusalEntry(LeftOut(left_out), /*left_out=*/0, clock_.Now());
}

}  // namespace airlock::policy
