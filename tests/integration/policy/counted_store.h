// A store that can be waited for.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Passes everything on to another store and counts what is on its way, so that
// a test can wait until nothing is; and holds commits back when it is told to,
// so that something else comes before them. Thread-safe.
class CountedStore final : public Store {
 public:
  // `store` must outlive it.
  explicit CountedStore(Store& store) : store_(store) {}

  // Blocks until every completion has returned.
  void WaitUntilQuiet() ABSL_LOCKS_EXCLUDED(mutex_);
  // Commits wait from now on, until Release(), which keeps their order.
  void Hold() ABSL_LOCKS_EXCLUDED(mutex_);
  void Release() ABSL_LOCKS_EXCLUDED(mutex_);

  void Commit(Transaction transaction, CommitDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void LoadLive(absl::Time rejected_since, Done<LiveState> done) override;
  void Find(absl::string_view id, FindDone done) override;
  void FindRequest(absl::string_view agent, absl::string_view request_id,
                   FindDone done) override;
  void List(const ExecutionQuery& query, ListDone done) override;
  void ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                   Done<HistoryPage> done) override;
  void FindApproval(absl::string_view id, FindApprovalDone done) override;
  void ListApprovals(const ApprovalQuery& query,
                     Done<ApprovalPage> done) override;
  void ListAudit(const AuditQuery& query, Done<AuditPage> done) override;
  void ReadAudit(
      std::uint64_t first, int count,
      Done<std::vector<airlock::v1::SealedAuditRecord>> done) override;
  void GetAuditHead(Done<AuditHead> done) override;
  void Forget(const Retention& retention, CommitDone done) override;

 private:
  // `done`, and then one less is on its way.
  template <typename Result>
  std::function<void(Result)> Count(std::function<void(Result)> done);
  void Add(int count) ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::pair<Transaction, CommitDone>> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
