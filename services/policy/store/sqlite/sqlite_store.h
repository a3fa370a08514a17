// What is remembered in a file of SQLite.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "common/concurrency/worker_pool.h"
#include "services/policy/store/sqlite/audit_reader.h"
#include "services/policy/store/sqlite/group_writer.h"
#include "services/policy/store/sqlite/history_reader.h"
#include "services/policy/store/sqlite/mark_file.h"
#include "services/policy/store/sqlite/record_reader.h"
#include "services/policy/store/store.h"
#include "services/policy/store/store_options.h"

namespace airlock::policy {

// Durable: what was committed and answered is on the disk. One thread writes
// and groups what waits into one commit, one reads what is about one record;
// searches may take long, so that one thread searches the executions and
// another one the audit. Completions come from those threads. The destructor
// writes what waits.
class SqliteStore final : public Store {
 public:
  // Opens or makes the file and brings its schema up to date.
  // kFailedPrecondition: it is of a newer program (STORE_SCHEMA), or another
  // process has it open (STORE_IN_USE). kDataLoss: it is damaged, or no
  // database.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const StoreOptions& options);

  ~SqliteStore() override;

  void Commit(Transaction transaction, CommitDone done) override;
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
  // A connection for each thread that reads.
  struct Readers {
    Database records;
    Database history;
    Database audit;
  };

  SqliteStore(std::unique_ptr<MarkFile> mark, bool restored, Database writes,
              StoreHead head, Readers readers, const StoreOptions& options);

  // `done` with what `read` gives on a thread of `pool`.
  template <typename Result, typename Read>
  static void Submit(WorkerPool& pool, Read read, Done<Result> done);

  const std::unique_ptr<MarkFile> mark_;
  const bool restored_;
  GroupWriter writer_;
  RecordReader records_;
  HistoryReader history_;
  AuditReader audit_;
  // Last: they use the readers.
  WorkerPool record_thread_;
  WorkerPool history_thread_;
  WorkerPool audit_thread_;
};

}  // namespace airlock::policy
