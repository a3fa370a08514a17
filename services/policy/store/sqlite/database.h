// SQLite as it is needed here: a connection and its statements.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace airlock::policy {

// A prepared statement in use. Values are bound from 1 on and read from 0 on,
// as SQLite counts them. Not thread-safe. Must not outlive its database, and
// gives back what it holds there (a snapshot, a lock) when it goes.
class Statement {
 public:
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement(Statement&&) = default;
  Statement& operator=(Statement&&) = default;

  // For the next Step(); what is bound is copied. What cannot be bound is told
  // by Step().
  Statement& BindText(int index, absl::string_view text);
  Statement& BindBlob(int index, absl::string_view bytes);
  Statement& BindInt(int index, std::int64_t number);

  // Whether there is a row to read.
  absl::StatusOr<bool> Step();
  // Steps to the end, for what gives no rows.
  absl::Status Run();

  std::string Bytes(int column) const;
  std::int64_t Int(int column) const;
  bool IsNull(int column) const;

 private:
  friend class Database;
  // Kept ones are made ready for other values, others go.
  struct Release {
    bool kept = false;
    void operator()(sqlite3_stmt* statement) const;
  };

  Statement(sqlite3* database, sqlite3_stmt* statement, bool kept)
      : database_(database), statement_(statement, Release{kept}) {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Release> statement_;
  // Why it could not be prepared, or the first value could not be bound.
  absl::Status error_;
};

// What an error of SQLite means to whoever asked: UNAVAILABLE, such as a full
// disk; DATA_LOSS, a damaged file; INTERNAL, what was asked for cannot be done
// (https://sqlite.org/rescode.html). `database` may be null.
absl::Status DatabaseError(sqlite3* database, int code);

// One connection to a database file. Not thread-safe, and SQLite is asked for
// no locks of its own: each thread has its own connection.
class Database {
 public:
  enum class Mode {
    // Makes the file if there is none, readable by its owner alone. Every
    // commit is on the disk when it is done (WAL, synchronous=FULL).
    kReadWrite,
    kReadOnly,
    // Makes the file, likewise, for a copy of another one.
    kCopy,
  };

  static absl::StatusOr<Database> Open(const std::string& path, Mode mode);

  // Runs one or more statements that take no values.
  absl::Status Execute(const std::string& sql);
  // A statement that is used once. What is wrong with it is told by its Step().
  Statement Prepare(absl::string_view sql);
  // A statement that is prepared once and used again and again, by one at a
  // time. `sql` must be the same literal each time.
  Statement Use(const char* sql);

  // How many rows the last statement changed.
  std::int64_t changes() const;

  // For calls that only SQLite itself has.
  sqlite3* handle() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
  // By their literals.
  absl::flat_hash_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>>
      kept_;
};

}  // namespace airlock::policy
