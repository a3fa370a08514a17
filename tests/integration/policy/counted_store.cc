#include "tests/integration/policy/counted_store.h"

#include <utility>

namespace airlock::policy {

void CountedStore::Add(int count) {
  const absl::MutexLock lock(&mutex_);
  under_way_ += count;
}

template <typename Result>
std::function<void(Result)> CountedStore::Count(
    std::function<void(Result)> done) {
  Add(1);
  return [this, done = std::move(done)](Result result) {
    done(std::move(result));
    Add(-1);
  };
}

void CountedStore::WaitUntilQuiet() {
  const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return under_way_ == 0;
  };
  const absl::MutexLock lock(&mutex_, absl::Condition(&quiet));
}

void CountedStore::Hold() {
  const absl::MutexLock lock(&mutex_);
  holding_ = true;
}

void CountedStore::Release() {
  std::vector<std::pair<Transaction, CommitDone>> held;
  {
    const absl::MutexLock lock(&mutex_);
    holding_ = false;
    held = std::exchange(held_, {});
  }
  for (auto& [transaction, done] : held) {
    Commit(std::move(transaction), std::move(done));
  }
}

void CountedStore::Commit(Transaction transaction, CommitDone done) {
  {
    const absl::MutexLock lock(&mutex_);
    if (holding_) {
      held_.emplace_back(std::move(transaction), std::move(done));
      return;
    }
  }
  store_.Commit(std::move(transaction), Count(std::move(done)));
}

void CountedStore::LoadLive(absl::Time rejected_since, Done<LiveState> done) {
  store_.LoadLive(rejected_since, Count(std::move(done)));
}

void CountedStore::Find(absl::string_view id, FindDone done) {
  store_.Find(id, Count(std::move(done)));
}

void CountedStore::FindRequest(absl::string_view agent,
                               absl::string_view request_id, FindDone done) {
  store_.FindRequest(agent, request_id, Count(std::move(done)));
}

void CountedStore::List(const ExecutionQuery& query, ListDone done) {
  store_.List(query, Count(std::move(done)));
}

void CountedStore::ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                               Done<HistoryPage> done) {
  store_.ReadHistory(query, parts, Count(std::move(done)));
}

void CountedStore::FindApproval(absl::string_view id, FindApprovalDone done) {
  store_.FindApproval(id, Count(std::move(done)));
}

void CountedStore::ListApprovals(const ApprovalQuery& query,
                                 Done<ApprovalPage> done) {
  store_.ListApprovals(query, Count(std::move(done)));
}

void CountedStore::ListAudit(const AuditQuery& query, Done<AuditPage> done) {
  store_.ListAudit(query, Count(std::move(done)));
}

void CountedStore::ReadAudit(
    std::uint64_t first, int count,
    Done<std::vector<airlock::v1::SealedAuditRecord>> done) {
  store_.ReadAudit(first, count, Count(std::move(done)));
}

void CountedStore::GetAuditHead(Done<AuditHead> done) {
  store_.GetAuditHead(Count(std::move(done)));
}

void CountedStore::Forget(const Retention& retention, CommitDone done) {
  store_.Forget(retention, Count(std::move(done)));
}

}  // namespace airlock::policy
