#include "services/policy/store/sqlite/sqlite_store.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/store/history_collector.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/sqlite/migrations.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kMaxReadsWaiting = 10'000;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const StoreOptions& options) {
  // First: it keeps everybody else away.
  auto mark = MarkFile::Open(absl::StrCat(options.path, ".mark"));
  if (!mark.ok()) return mark.status();
  auto writes = Database::Open(options.path, Database::Mode::kReadWrite);
  if (!writes.ok()) return writes.status();
  absl::Status migrated = Migrate(*writes, Migrations());
  if (!migrated.ok()) return migrated;
  auto head = LoadHead(*writes);
  if (!head.ok()) return head.status();
  auto records = Database::Open(options.path, Database::Mode::kReadOnly);
  if (!records.ok()) return records.status();
  auto history = Database::Open(options.path, Database::Mode::kReadOnly);
  if (!history.ok()) return history.status();
  auto audit = Database::Open(options.path, Database::Mode::kReadOnly);
  if (!audit.ok()) return audit.status();
  const bool restored = (*mark)->IsAheadOf(head->chain.writer, head->commits);
  if (head->commits == 0 && !restored) {
    // Before the first commit: a kill right after that one leaves a mark.
    absl::Status marked = (*mark)->Write(head->chain.writer, 0);
    if (!marked.ok()) return marked;
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(
      *std::move(mark), restored, *std::move(writes), *std::move(head),
      {*std::move(records), *std::move(history), *std::move(audit)}, options));
}

SqliteStore::SqliteStore(std::unique_ptr<MarkFile> mark, bool restored,
                         Database writes, StoreHead head, Readers readers,
                         const StoreOptions& options)
    : mark_(std::move(mark)),
      restored_(restored),
      writer_(std::move(writes), std::move(head), *mark_, options),
      records_(std::move(readers.records)),
      history_(std::move(readers.history)),
      audit_(std::move(readers.audit)),
      record_thread_(/*threads=*/1, kMaxReadsWaiting),
      history_thread_(/*threads=*/1, kMaxReadsWaiting),
      audit_thread_(/*threads=*/1, kMaxReadsWaiting) {}

SqliteStore::~SqliteStore() = default;

template <typename Result, typename Read>
void SqliteStore::Submit(WorkerPool& pool, Read read, Done<Result> done) {
  const bool taken =
      pool.TrySubmit([read = std::move(read), done] { done(read()); });
  if (taken) return;
  done(MakeError(absl::StatusCode::kUnavailable, "STORE_OVERFULL",
                 "the store: too many reads wait"));
}

void SqliteStore::Commit(Transaction transaction, CommitDone done) {
  writer_.Commit(std::move(transaction), std::move(done));
}

void SqliteStore::LoadLive(absl::Time rejected_since, Done<LiveState> done) {
  Submit<LiveState>(
      record_thread_,
      [this, rejected_since] {
        absl::StatusOr<LiveState> live = records_.LoadLive(rejected_since);
        if (live.ok()) live->restored = restored_;
        return live;
      },
      std::move(done));
}

void SqliteStore::Find(absl::string_view id, FindDone done) {
  Submit<std::optional<ExecutionRecord>>(
      record_thread_,
      [this, id = std::string(id)] { return records_.Find(id); },
      std::move(done));
}

void SqliteStore::FindRequest(absl::string_view agent,
                              absl::string_view request_id, FindDone done) {
  Submit<std::optional<ExecutionRecord>>(
      record_thread_,
      [this, agent = std::string(agent), id = std::string(request_id)] {
        return records_.FindRequest(agent, id);
      },
      std::move(done));
}

void SqliteStore::List(const ExecutionQuery& query, ListDone done) {
  Submit<ExecutionPage>(
      history_thread_,
      [this, query] { return WithoutHistory(history_.Read(query, {})); },
      std::move(done));
}

void SqliteStore::ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                              Done<HistoryPage> done) {
  Submit<HistoryPage>(
      history_thread_,
      [this, query, parts] { return history_.Read(query, parts); },
      std::move(done));
}

void SqliteStore::FindApproval(absl::string_view id, FindApprovalDone done) {
  Submit<std::optional<ApprovalRecord>>(
      record_thread_,
      [this, id = std::string(id)] { return records_.FindApproval(id); },
      std::move(done));
}

void SqliteStore::ListApprovals(const ApprovalQuery& query,
                                Done<ApprovalPage> done) {
  Submit<ApprovalPage>(
      record_thread_, [this, query] { return records_.ListApprovals(query); },
      std::move(done));
}

void SqliteStore::ListAudit(const AuditQuery& query, Done<AuditPage> done) {
  Submit<AuditPage>(
      audit_thread_, [this, query] { return audit_.List(query); },
      std::move(done));
}

void SqliteStore::ReadAudit(
    std::uint64_t first, int count,
    Done<std::vector<airlock::v1::SealedAuditRecord>> done) {
  Submit<std::vector<airlock::v1::SealedAuditRecord>>(
      audit_thread_, [this, first, count] { return audit_.Read(first, count); },
      std::move(done));
}

void SqliteStore::GetAuditHead(Done<AuditHead> done) {
  Submit<AuditHead>(
      audit_thread_, [this] { return audit_.Head(); }, std::move(done));
}

void SqliteStore::Forget(const Retention& retention, CommitDone done) {
  writer_.Forget(retention, std::move(done));
}

}  // namespace airlock::policy
