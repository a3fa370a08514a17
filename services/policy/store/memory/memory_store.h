// What is remembered for as long as the process lives.
#pragma once

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/memory/memory_audit.h"
#include "services/policy/store/memory/memory_tables.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Keeps the newest `max_kept` executions and ten times as many records of the
// audit, however young the oldest ones are: memory is bounded. What has not
// ended is never forgotten. Completions come before the call returns.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::size_t max_kept);

  void Commit(Transaction transaction, CommitDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void LoadLive(absl::Time rejected_since, Done<LiveState> done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Find(absl::string_view id, FindDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void FindRequest(absl::string_view agent, absl::string_view request_id,
                   FindDone done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void List(const ExecutionQuery& query, ListDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                   Done<HistoryPage> done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void FindApproval(absl::string_view id, FindApprovalDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ListApprovals(const ApprovalQuery& query,
                     Done<ApprovalPage> done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ListAudit(const AuditQuery& query, Done<AuditPage> done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadAudit(std::uint64_t first, int count,
                 Done<std::vector<airlock::v1::SealedAuditRecord>> done)
      override ABSL_LOCKS_EXCLUDED(mutex_);
  void GetAuditHead(Done<AuditHead> done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Forget(const Retention& retention, CommitDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status CommitLocked(Transaction& transaction)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  MemoryTables tables_ ABSL_GUARDED_BY(mutex_);
  MemoryAudit audit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
