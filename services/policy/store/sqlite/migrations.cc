#include "services/policy/store/sqlite/migrations.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/digest.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr char kFirst[] = R"sql(
-- What there is once. Changes with every commit.
CREATE TABLE meta (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  -- Who seals the audit here.
  writer TEXT NOT NULL,
  -- Commits so far.
  commits INTEGER NOT NULL,
  -- How far the chain has come: it cannot lose its end unnoticed.
  audit_sequence INTEGER NOT NULL,
  audit_hash BLOB NOT NULL
);

CREATE TABLE executions (
  number INTEGER PRIMARY KEY,
  -- Sorts by the time it was made.
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  request_id TEXT NOT NULL,
  -- 1 once its state never changes again.
  ended INTEGER NOT NULL,
  -- Microseconds since 1970; 0 until then.
  end_time INTEGER NOT NULL,
  -- SHA-256 of the request.
  request_hash BLOB NOT NULL,
  boot_nonce BLOB NOT NULL,
  fence INTEGER NOT NULL,
  -- airlock.v1.Execution.
  execution BLOB NOT NULL
);
CREATE UNIQUE INDEX executions_by_request ON executions (agent, request_id)
  WHERE request_id <> '';
CREATE INDEX executions_by_agent ON executions (agent, id);
CREATE INDEX executions_live ON executions (ended) WHERE ended = 0;
CREATE INDEX executions_by_end ON executions (end_time) WHERE ended = 1;

-- Large and written once: not in the row that is written again and again.
CREATE TABLE specs (
  number INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
  -- airlock.internal.v1.ExecutionSpec, exactly what runs.
  spec BLOB NOT NULL
);
CREATE TABLE outputs (
  number INTEGER PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
  -- airlock.internal.v1.StoredOutput.
  output BLOB NOT NULL
);

CREATE TABLE approvals (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  execution_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  -- airlock.v1.Approval.State: 1 is pending, 2 approved, 3 rejected.
  state INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  action_hash BLOB NOT NULL,
  end_time INTEGER NOT NULL,
  -- airlock.v1.Approval.
  approval BLOB NOT NULL
);
CREATE INDEX approvals_by_execution ON approvals (execution_id);
CREATE INDEX approvals_by_agent ON approvals (agent, id);
CREATE INDEX approvals_pending ON approvals (state) WHERE state = 1;
CREATE INDEX approvals_rejected ON approvals (end_time) WHERE state = 3;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  name TEXT NOT NULL,
  ended INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  -- airlock.internal.v1.StoredSession.
  session BLOB NOT NULL,
  UNIQUE (agent, name)
) WITHOUT ROWID;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Only grows.
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  type INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  agent TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  -- airlock.v1.AuditRecord as it was sealed.
  record BLOB NOT NULL,
  hash BLOB NOT NULL
);
CREATE INDEX audit_by_time ON audit (time);
CREATE INDEX audit_by_execution ON audit (execution_id)
  WHERE execution_id <> '';

-- Apart from the records, which stay when these go.
CREATE TABLE audit_payloads (
  sequence INTEGER PRIMARY KEY REFERENCES audit,
  payload BLOB NOT NULL
);
)sql";

absl::Status Incompatible(std::string what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "STORE_SCHEMA", what);
}

std::string ChecksumOf(const Migration& migration) {
  return ToBytes(Sha256(absl::StrCat(migration.name, "\n", migration.sql)));
}

// What was made already must be what this program would have made.
absl::StatusOr<std::size_t> CheckApplied(
    Database& database, const std::vector<Migration>& migrations) {
  Statement applied = database.Prepare(
      "SELECT version, name, checksum FROM schema_migrations ORDER BY version");
  std::size_t version = 0;
  while (true) {
    const absl::StatusOr<bool> row = applied.Step();
    if (!row.ok()) return row.status();
    if (!*row) return version;
    ++version;
    if (version > migrations.size()) {
      return Incompatible(
          absl::StrCat("the store has version ", applied.Int(0), " (",
                       applied.Bytes(1), "), and this program knows ",
                       migrations.size(), ": it was written by a newer one"));
    }
    const Migration& known = migrations[version - 1];
    if (applied.Int(0) != static_cast<std::int64_t>(version) ||
        applied.Bytes(1) != known.name ||
        applied.Bytes(2) != ChecksumOf(known)) {
      return Incompatible(absl::StrCat("version ", version, " of the store (",
                                       applied.Bytes(1),
                                       ") is not what this program means by "
                                       "it: it was changed or made by another "
                                       "program"));
    }
  }
}

absl::Status Apply(Database& database, const Migration& migration,
                   std::size_t version) {
  absl::Status status = database.Execute(migration.sql);
  if (!status.ok()) return status;
  return database
      .Prepare("INSERT INTO schema_migrations VALUES (?1, ?2, ?3, ?4)")
      .BindInt(1, static_cast<std::int64_t>(version))
      .BindText(2, migration.name)
      .BindBlob(3, ChecksumOf(migration))
      .BindInt(4, absl::ToUnixMicros(absl::Now()))
      .Run();
}

absl::Status MigrateInTransaction(Database& database,
                                  const std::vector<Migration>& migrations) {
  absl::Status status = database.Execute(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      "version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
      "checksum BLOB NOT NULL, applied_at INTEGER NOT NULL)");
  if (!status.ok()) return status;
  const absl::StatusOr<std::size_t> applied =
      CheckApplied(database, migrations);
  if (!applied.ok()) return applied.status();
  for (std::size_t i = *applied; i < migrations.size(); ++i) {
    status = Apply(database, migrations[i], i + 1);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const auto* const all =
      new std::vector<Migration>{{"everything", kFirst}};
  return *all;
}

absl::Status CheckSchema(Database& database,
                         const std::vector<Migration>& migrations) {
  const absl::StatusOr<std::size_t> applied =
      CheckApplied(database, migrations);
  if (!applied.ok()) return applied.status();
  if (*applied == migrations.size()) return absl::OkStatus();
  return Incompatible(absl::StrCat(
      "the store has version ", *applied, ", and this program needs ",
      migrations.size(), ": the service brings it up to date when it starts"));
}

absl::Status Migrate(Database& database,
                     const std::vector<Migration>& migrations) {
  // At once the lock for writing: two programs that start do not both migrate.
  absl::Status status = database.Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  status = MigrateInTransaction(database, migrations);
  if (status.ok()) return database.Execute("COMMIT");
  // The first error is the one to tell.
  static_cast<void>(database.Execute("ROLLBACK"));
  return status;
}

}  // namespace airlock::policy
