#include "services/policy/store/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr int kBusyMilliseconds = 5'000;

absl::Status StoreError(absl::StatusCode code, absl::string_view reason,
                        absl::string_view what) {
  absl::Status error =
      MakeError(code, reason, absl::StrCat("the store: ", what));
  return code == absl::StatusCode::kUnavailable
             ? WithRetryDelay(std::move(error), absl::Seconds(1))
             : error;
}

// SQLite makes files that others may read.
absl::Status MakePrivateFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return StoreError(
        absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
        absl::StrCat("cannot open \"", path, "\": ", std::strerror(errno)));
  }
  ::close(fd);
  return absl::OkStatus();
}

const char* PragmasFor(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kReadOnly:
      return "PRAGMA query_only=ON; PRAGMA trusted_schema=OFF";
    case Database::Mode::kCopy:
      return "PRAGMA synchronous=FULL";
    case Database::Mode::kReadWrite:
      break;
  }
  // What a burst of writes needed is given back.
  return "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
         "PRAGMA journal_size_limit=67108864; "
         "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF";
}

}  // namespace

absl::Status DatabaseError(sqlite3* database, int code) {
  const char* what =
      database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return StoreError(absl::StatusCode::kUnavailable, "STORE_FULL", what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreError(absl::StatusCode::kDataLoss, "STORE_DAMAGED", what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return StoreError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                        what);
    default:
      return StoreError(absl::StatusCode::kInternal, "STORE_FAILED", what);
  }
}

void Statement::Release::operator()(sqlite3_stmt* statement) const {
  if (!kept) {
    sqlite3_finalize(statement);
    return;
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

Statement& Statement::BindText(int index, absl::string_view text) {
  // No text is not NULL.
  const int code = sqlite3_bind_text64(
      statement_.get(), index, text.data() == nullptr ? "" : text.data(),
      text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (error_.ok() && code != SQLITE_OK) error_ = DatabaseError(database_, code);
  return *this;
}

Statement& Statement::BindBlob(int index, absl::string_view bytes) {
  // No bytes are not NULL.
  const int code =
      bytes.empty() ? sqlite3_bind_zeroblob(statement_.get(), index, 0)
                    : sqlite3_bind_blob64(statement_.get(), index, bytes.data(),
                                          bytes.size(), SQLITE_TRANSIENT);
  if (error_.ok() && code != SQLITE_OK) error_ = DatabaseError(database_, code);
  return *this;
}

Statement& Statement::BindInt(int index, std::int64_t number) {
  const int code = sqlite3_bind_int64(statement_.get(), index, number);
  if (error_.ok() && code != SQLITE_OK) error_ = DatabaseError(database_, code);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (!error_.ok()) return error_;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return DatabaseError(database_, code);
}

absl::Status Statement::Run() {
  while (true) {
    const absl::StatusOr<bool> row = Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
  }
}

std::string Statement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return "";
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::int64_t Statement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

absl::StatusOr<Database> Database::Open(const std::string& path, Mode mode) {
  if (mode != Mode::kReadOnly) {
    if (absl::Status made = MakePrivateFile(path); !made.ok()) return made;
  }
  sqlite3* raw = nullptr;
  const int flags =
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return DatabaseError(raw, code);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  const absl::Status set = database.Execute(PragmasFor(mode));
  if (!set.ok()) return set;
  return database;
}

absl::Status Database::Execute(const std::string& sql) {
  const int code =
      sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return absl::OkStatus();
  return DatabaseError(database_.get(), code);
}

Statement Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql.data(),
                         static_cast<int>(sql.size()), 0, &raw, nullptr);
  Statement statement(database_.get(), raw, /*kept=*/false);
  if (code != SQLITE_OK) statement.error_ = DatabaseError(handle(), code);
  return statement;
}

Statement Database::Use(const char* sql) {
  auto& kept = kept_[sql];
  int code = SQLITE_OK;
  if (kept == nullptr) {
    sqlite3_stmt* raw = nullptr;
    code = sqlite3_prepare_v3(database_.get(), sql, -1,
                              SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    kept.reset(raw);
  }
  Statement statement(database_.get(), kept.get(), /*kept=*/true);
  if (code != SQLITE_OK) statement.error_ = DatabaseError(handle(), code);
  return statement;
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(database_.get());
}

}  // namespace airlock::policy
