// Many small transactions in few commits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/audit_chain/audit_chain.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/sqlite/mark_file.h"
#include "services/policy/store/sqlite/transaction_writer.h"
#include "services/policy/store/sqlite/write_queue.h"
#include "services/policy/store/store.h"
#include "services/policy/store/store_options.h"

namespace airlock::policy {

// How far a database has come.
struct StoreHead {
  // The end of the audit's chain, with the store's id.
  ChainHead chain;
  std::uint64_t commits = 0;
};

// Reads it from a database with the newest schema. A new one is given an id.
absl::StatusOr<StoreHead> LoadHead(Database& database);

// The one who writes. While a commit is on its way to the disk others come,
// and all of them are the next one: a commit costs the same for one as for a
// hundred. Transactions are applied in the order in which they came; one that
// may not be is undone alone. Thread-safe.
class GroupWriter {
 public:
  // `database` can be written to and stands at `head`. `mark` must outlive it.
  GroupWriter(Database database, StoreHead head, MarkFile& mark,
              const StoreOptions& options);
  // Writes what waits first. Sweeps end UNAVAILABLE with reason STORE_CLOSED.
  ~GroupWriter();

  // Never blocks. UNAVAILABLE with reason STORE_OVERFULL: too much waits.
  void Commit(Transaction transaction, Store::CommitDone done);
  void Forget(const Retention& retention, Store::CommitDone done);

 private:
  void Run();
  // One commit. What is wrong with a single one is that one's result; an error
  // of the database is everybody's.
  void CommitGroup(std::vector<PendingWrite>& group);
  absl::Status WriteGroup(std::vector<PendingWrite>& group);
  // An error is the database's; the transaction's own is in its result.
  absl::Status WriteOne(PendingWrite& write);
  absl::Status WriteHead();
  void ForgetStep();
  // `work` between BEGIN and COMMIT, all of it or nothing.
  absl::Status InTransaction(absl::FunctionRef<absl::Status()> work);
  void TellFailure(const absl::Status& error) const;
  void Pass(CommitPoint point) const;

  // All but the queue is the thread's alone.
  Database database_;
  TransactionWriter writer_;
  StoreHead head_;
  MarkFile& mark_;
  const std::size_t max_kept_;
  const StoreObserver observer_;
  const std::function<void(CommitPoint)> failpoint_;
  WriteQueue queue_;
  // Last: it uses all the others.
  std::thread thread_;
};

}  // namespace airlock::policy
