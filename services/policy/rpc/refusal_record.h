// Calls that were refused, for the audit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/policy/audit/refusal_entry.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// A call that this service refused, as the audit tells it.
Refusal RefusalFrom(const RefusedCall& call);

// Makes a record of each refusal, at most ten a second after the first
// hundred: somebody who guesses must not be able to fill the disk. How many
// calls were left out is told by the next record, or, when none comes, by one
// of its own. Thread-safe; `clock` must outlive it.
class RefusalRecord {
 public:
  // `write` is called from the threads of the calls and must not block.
  RefusalRecord(const Clock& clock, std::function<void(AuditEntry)> write);

  void Add(const Refusal& refusal) ABSL_LOCKS_EXCLUDED(mutex_);

  // So many refused calls were left out before they came here.
  void AddLeftOut(std::uint64_t calls) ABSL_LOCKS_EXCLUDED(mutex_);

  // Tells how many were left out, if nothing has told it for a second. To be
  // called again and again.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);

  // What nothing has told yet, for the last transaction of this service;
  // nothing: all is told.
  std::optional<AuditEntry> TakeUntold() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // How many calls were left out before this refusal; nothing: it is, too.
  std::optional<std::uint64_t> TakeTurn(const Refusal& refusal)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const Clock& clock_;
  const std::function<void(AuditEntry)> write_;
  absl::Mutex mutex_;
  double turns_ ABSL_GUARDED_BY(mutex_);
  // When `turns_` was right.
  absl::Duration last_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace airlock::policy
