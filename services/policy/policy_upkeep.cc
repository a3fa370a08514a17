#include "services/policy/policy_upkeep.h"

#include "common/logging/log.h"

namespace airlock::policy {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr absl::Duration kForgetInterval = absl::Minutes(10);

}  // namespace

PolicyUpkeep::PolicyUpkeep(Parts parts, UpkeepSettings settings)
    : p_(parts),
      settings_(settings),
      next_checkpoint_(p_.clock.Monotonic() + settings.checkpoint_interval),
      next_forget_(p_.clock.Monotonic() + kForgetInterval),
      ticker_(kTick, [this] { Tick(); }) {}

void PolicyUpkeep::Tick() {
  p_.policy.Poll();
  const absl::Duration now = p_.clock.Monotonic();
  if (p_.checkpointer != nullptr && now >= next_checkpoint_) {
    next_checkpoint_ = now + settings_.checkpoint_interval;
    // It has said in the log what was wrong, and tries again.
    static_cast<void>(p_.checkpointer->Checkpoint());
  }
  if (now >= next_forget_) {
    next_forget_ = now + kForgetInterval;
    Forget();
  }
}

void PolicyUpkeep::Forget() {
  Retention retention;
  const absl::Time now = p_.clock.Now();
  retention.executions_before = now - settings_.keep_executions;
  retention.audit_payloads_before = now - settings_.keep_audit_payloads;
  p_.store.Forget(retention, [](const absl::Status& status) {
    if (status.ok()) return;
    LogError("what is old could not be forgotten",
             {{"error", status.ToString()}});
  });
}

}  // namespace airlock::policy
