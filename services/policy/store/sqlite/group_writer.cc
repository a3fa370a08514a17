#include "services/policy/store/sqlite/group_writer.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "common/time/clock.h"

namespace airlock::policy {
namespace {

constexpr char kMakeMeta[] =
    "INSERT OR IGNORE INTO meta "
    "(only, writer, commits, audit_sequence, audit_hash) "
    "VALUES (1, ?1, 0, 0, ?2)";
constexpr char kLoadMeta[] =
    "SELECT writer, commits, audit_sequence, audit_hash FROM meta";
constexpr char kWriteMeta[] =
    "UPDATE meta SET commits = ?1, audit_sequence = ?2, audit_hash = ?3";

// Whether the database itself failed, rather than refused what was asked of it.
bool IsOfTheDatabase(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDataLoss(status);
}

}  // namespace

absl::StatusOr<StoreHead> LoadHead(Database& database) {
  absl::Status made = database.Use(kMakeMeta)
                          .BindText(1, RandomUuid())
                          .BindBlob(2, FirstPreviousHash())
                          .Run();
  if (!made.ok()) return made;
  Statement load = database.Use(kLoadMeta);
  const absl::StatusOr<bool> row = load.Step();
  if (!row.ok()) return row.status();
  StoreHead head;
  head.chain.writer = load.Bytes(0);
  head.commits = static_cast<std::uint64_t>(load.Int(1));
  head.chain.sequence = static_cast<std::uint64_t>(load.Int(2));
  head.chain.hash = load.Bytes(3);
  return head;
}

GroupWriter::GroupWriter(Database database, StoreHead head, MarkFile& mark,
                         const StoreOptions& options)
    : database_(std::move(database)),
      writer_(database_),
      head_(std::move(head)),
      mark_(mark),
      max_kept_(options.max_kept),
      observer_(options.observer),
      failpoint_(options.failpoint),
      thread_([this] { Run(); }) {}

GroupWriter::~GroupWriter() {
  queue_.Stop();
  thread_.join();
}

void GroupWriter::Commit(Transaction transaction, Store::CommitDone done) {
  PendingWrite write;
  write.transaction = std::move(transaction);
  write.done = std::move(done);
  const absl::Status pushed = queue_.Push(write);
  if (pushed.ok()) return;
  TellFailure(pushed);
  write.done(pushed);
}

void GroupWriter::Forget(const Retention& retention, Store::CommitDone done) {
  PendingForget forget{Forgetter(retention, max_kept_, absl::Now()),
                       std::move(done)};
  const absl::Status pushed = queue_.Push(forget);
  if (!pushed.ok()) forget.done(pushed);
}

void GroupWriter::Run() {
  while (true) {
    WriteQueue::Turn turn = queue_.Next();
    if (turn.writes.empty() && !turn.forget) break;
    if (!turn.writes.empty()) CommitGroup(turn.writes);
    if (turn.forget) ForgetStep();
  }
  while (queue_.has_forget()) {
    queue_.PopForget().done(MakeError(absl::StatusCode::kUnavailable,
                                      "STORE_CLOSED",
                                      "the store was closed meanwhile"));
  }
}

void GroupWriter::CommitGroup(std::vector<PendingWrite>& group) {
  const SystemClock clock;
  const absl::Duration begin = clock.Monotonic();
  const StoreHead before = head_;
  absl::Status status =
      InTransaction([this, &group] { return WriteGroup(group); });
  if (status.ok()) {
    if (observer_.on_commit) {
      observer_.on_commit(clock.Monotonic() - begin, group.size());
    }
    // What is committed stays so; without its mark it only looks restored.
    const absl::Status marked = mark_.Write(head_.chain.writer, head_.commits);
    if (!marked.ok()) TellFailure(marked);
  } else {
    head_ = before;
    TellFailure(status);
  }
  for (PendingWrite& write : group) {
    write.done(status.ok() ? write.result : status);
  }
}

absl::Status GroupWriter::WriteGroup(std::vector<PendingWrite>& group) {
  for (PendingWrite& write : group) {
    if (absl::Status status = WriteOne(write); !status.ok()) return status;
  }
  return WriteHead();
}

absl::Status GroupWriter::WriteOne(PendingWrite& write) {
  absl::Status status = database_.Use("SAVEPOINT one").Run();
  if (!status.ok()) return status;
  const ChainHead before = head_.chain;
  write.result = writer_.Write(write.transaction, head_.chain);
  if (IsOfTheDatabase(write.result)) return write.result;
  if (!write.result.ok()) {
    head_.chain = before;
    status = database_.Use("ROLLBACK TO one").Run();
    if (!status.ok()) return status;
  }
  return database_.Use("RELEASE one").Run();
}

absl::Status GroupWriter::WriteHead() {
  ++head_.commits;
  return database_.Use(kWriteMeta)
      .BindInt(1, static_cast<std::int64_t>(head_.commits))
      .BindInt(2, static_cast<std::int64_t>(head_.chain.sequence))
      .BindBlob(3, head_.chain.hash)
      .Run();
}

void GroupWriter::ForgetStep() {
  PendingForget& forget = queue_.front_forget();
  absl::StatusOr<bool> more = true;
  const absl::Status status = InTransaction([&] {
    more = forget.forgetter.Step(database_);
    return more.status();
  });
  if (!status.ok()) TellFailure(status);
  if (status.ok() && *more) return;
  queue_.PopForget().done(status);
}

absl::Status GroupWriter::InTransaction(
    absl::FunctionRef<absl::Status()> work) {
  // At once the lock for writing: nothing else may come in between.
  absl::Status status = database_.Use("BEGIN IMMEDIATE").Run();
  if (!status.ok()) return status;
  status = work();
  if (status.ok()) {
    Pass(CommitPoint::kBefore);
    status = database_.Use("COMMIT").Run();
  }
  if (status.ok()) {
    Pass(CommitPoint::kAfter);
    return status;
  }
  // A full disk may have ended the transaction already: then there is nothing
  // to take back, and the first error is the one to tell.
  static_cast<void>(database_.Execute("ROLLBACK"));
  return status;
}

void GroupWriter::TellFailure(const absl::Status& error) const {
  if (observer_.on_failure) observer_.on_failure(error);
}

void GroupWriter::Pass(CommitPoint point) const {
  if (failpoint_) failpoint_(point);
}

}  // namespace airlock::policy
