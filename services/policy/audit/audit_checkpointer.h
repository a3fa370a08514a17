// Says, signed and outside of the store, how far the audit has come.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/ed25519.h"
#include "common/time/clock.h"
#include "services/policy/audit/checkpoint_file.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Hears how it goes, for metrics. Called from the threads of the calls below.
struct CheckpointObserver {
  // A checkpoint is in the file; when it was signed.
  std::function<void(absl::Time)> on_checkpoint = [](absl::Time) {};
  // None could be made, or the store is not what the last one says.
  std::function<void()> on_failure = [] {};
};

// Signs checkpoints of the store's chain into the log and a file, so that a cut
// tail or an older store is noticed. Who can write both the store and the file
// can still cut both: the log, and copies of the file, belong elsewhere.
//
// Thread-safe. Both calls block on the store and the disk: call them from a
// timer's thread and while starting and stopping, never from a reaction. A
// store that does not answer within 10 s is an error. Errors are logged here,
// and returned to be acted upon.
class AuditCheckpointer {
 public:
  // `store`, `key` and `clock` must outlive this. `path`: of the file.
  AuditCheckpointer(Store& store, const SigningKey& key, const Clock& clock,
                    std::string path, CheckpointObserver observer = {})
      : store_(store),
        key_(key),
        clock_(clock),
        observer_(std::move(observer)),
        file_(std::move(path)) {}

  // Holds the file's last checkpoint against the store; call before the first
  // Checkpoint(). kDataLoss, by reason: AUDIT_STORE_BEHIND, records that were
  // there are gone: the tail was cut or the store is an older one;
  // AUDIT_CHAIN_CHANGED, the record is another one; AUDIT_OTHER_STORE, the
  // store has another id. Any other error: the file or the store cannot be
  // read.
  absl::Status CompareWithStore() ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes a checkpoint if the chain has moved since the last one of this
  // object. Call it again later when it fails.
  absl::Status Checkpoint() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Compare() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Make() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<ChainHead> ReadHead();

  Store& store_;
  const SigningKey& key_;
  const Clock& clock_;
  const CheckpointObserver observer_;
  // Held over a whole call: one at a time writes the file.
  absl::Mutex mutex_;
  CheckpointFile file_ ABSL_GUARDED_BY(mutex_);
  // Of the last checkpoint.
  ChainHead last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
