#include "services/policy/store/memory/memory_store.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/security/random.h"
#include "services/policy/store/history_collector.h"
#include "services/policy/store/retention.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kRecordsPerExecution = 10;

}  // namespace

MemoryStore::MemoryStore(std::size_t max_kept)
    : tables_(max_kept),
      audit_(RandomUuid(), max_kept * kRecordsPerExecution) {}

void MemoryStore::Commit(Transaction transaction, CommitDone done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    status = CommitLocked(transaction);
  }
  done(status);
}

absl::Status MemoryStore::CommitLocked(Transaction& transaction) {
  absl::Status status = tables_.Check(transaction);
  if (!status.ok()) return status;
  tables_.Apply(transaction);
  for (AuditEntry& entry : transaction.audit) audit_.Append(std::move(entry));
  return absl::OkStatus();
}

void MemoryStore::LoadLive(absl::Time rejected_since, Done<LiveState> done) {
  LiveState live;
  {
    absl::MutexLock lock(&mutex_);
    live = tables_.Load(rejected_since);
  }
  done(std::move(live));
}

void MemoryStore::Find(absl::string_view id, FindDone done) {
  std::optional<ExecutionRecord> record;
  {
    absl::MutexLock lock(&mutex_);
    record = tables_.Find(id);
  }
  done(std::move(record));
}

void MemoryStore::FindRequest(absl::string_view agent,
                              absl::string_view request_id, FindDone done) {
  std::optional<ExecutionRecord> record;
  {
    absl::MutexLock lock(&mutex_);
    record = tables_.FindRequest(agent, request_id);
  }
  done(std::move(record));
}

void MemoryStore::List(const ExecutionQuery& query, ListDone done) {
  absl::StatusOr<HistoryPage> page;
  {
    absl::MutexLock lock(&mutex_);
    page = tables_.ReadHistory(query, {});
  }
  done(WithoutHistory(std::move(page)));
}

void MemoryStore::ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                              Done<HistoryPage> done) {
  absl::StatusOr<HistoryPage> page;
  {
    absl::MutexLock lock(&mutex_);
    page = tables_.ReadHistory(query, parts);
  }
  done(std::move(page));
}

void MemoryStore::FindApproval(absl::string_view id, FindApprovalDone done) {
  std::optional<ApprovalRecord> record;
  {
    absl::MutexLock lock(&mutex_);
    record = tables_.FindApproval(id);
  }
  done(std::move(record));
}

void MemoryStore::ListApprovals(const ApprovalQuery& query,
                                Done<ApprovalPage> done) {
  absl::StatusOr<ApprovalPage> page;
  {
    absl::MutexLock lock(&mutex_);
    page = tables_.ListApprovals(query);
  }
  done(std::move(page));
}

void MemoryStore::ListAudit(const AuditQuery& query, Done<AuditPage> done) {
  absl::StatusOr<AuditPage> page;
  {
    absl::MutexLock lock(&mutex_);
    page = audit_.List(query);
  }
  done(std::move(page));
}

void MemoryStore::ReadAudit(
    std::uint64_t first, int count,
    Done<std::vector<airlock::v1::SealedAuditRecord>> done) {
  std::vector<airlock::v1::SealedAuditRecord> records;
  {
    absl::MutexLock lock(&mutex_);
    records = audit_.Read(first, count);
  }
  done(std::move(records));
}

void MemoryStore::GetAuditHead(Done<AuditHead> done) {
  AuditHead head;
  {
    absl::MutexLock lock(&mutex_);
    const ChainHead& chain = audit_.head();
    head = {chain.writer, chain.sequence, chain.hash};
  }
  done(std::move(head));
}

void MemoryStore::Forget(const Retention& retention, CommitDone done) {
  {
    absl::MutexLock lock(&mutex_);
    tables_.ForgetEndedBefore(
        ForgetBefore(retention.executions_before, absl::Now()));
    audit_.ForgetPayloads(retention.audit_payloads_before);
  }
  done(absl::OkStatus());
}

}  // namespace airlock::policy
