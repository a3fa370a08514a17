// What a policy service does from time to time.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "common/concurrency/ticker.h"
#include "common/time/clock.h"
#include "services/policy/audit/audit_checkpointer.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// How often, and how long things are kept.
struct UpkeepSettings {
  absl::Duration checkpoint_interval;
  absl::Duration keep_executions;
  absl::Duration keep_audit_payloads;
};

// Looks after the configuration, signs checkpoints of the audit and forgets
// what is old, on a thread of its own, until it is destroyed. All arguments
// must outlive it.
class PolicyUpkeep {
 public:
  struct Parts {
    const Clock& clock;
    Store& store;
    PolicySource& policy;
    // nullptr: there is nothing to sign.
    AuditCheckpointer* checkpointer;
  };
  PolicyUpkeep(Parts parts, UpkeepSettings settings);

 private:
  void Tick();
  void Forget();

  Parts p_;
  const UpkeepSettings settings_;
  // On the monotonic clock.
  absl::Duration next_checkpoint_;
  absl::Duration next_forget_;
  // Last: it uses all the others.
  Ticker ticker_;
};

}  // namespace airlock::policy
