#include "services/policy/store/sqlite/store_backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/policy/store/sqlite/database.h"

namespace airlock::policy {
namespace {

absl::Status ExistsError(absl::string_view path) {
  return MakeError(absl::StatusCode::kAlreadyExists, "BACKUP_EXISTS",
                   absl::StrCat("\"", path,
                                "\" is there already: a backup needs a name "
                                "that nothing has"));
}

absl::Status FileError(absl::string_view what, absl::string_view path) {
  return MakeError(
      absl::StatusCode::kUnavailable, "BACKUP_FAILED",
      absl::StrCat("cannot ", what, " \"", path, "\": ", std::strerror(errno)));
}

// What belongs to another store of this name would be taken for the copy's.
absl::Status CheckNothingAt(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".mark"}) {
    const std::string taken = absl::StrCat(path, suffix);
    if (std::filesystem::exists(taken)) return ExistsError(taken);
  }
  return absl::OkStatus();
}

absl::Status CopyPages(Database& from, Database& to) {
  sqlite3_backup* backup =
      sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) {
    return DatabaseError(to.handle(), sqlite3_extended_errcode(to.handle()));
  }
  // All of it in one step: readers do not hold up the writer.
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (finish != SQLITE_OK) return DatabaseError(to.handle(), finish);
  if (step != SQLITE_DONE) return DatabaseError(nullptr, step);
  return absl::OkStatus();
}

absl::Status CopyInto(const std::string& from, const std::string& path) {
  auto source = Database::Open(from, Database::Mode::kReadOnly);
  if (!source.ok()) return source.status();
  auto copy = Database::Open(path, Database::Mode::kCopy);
  if (!copy.ok()) return copy.status();
  return CopyPages(*source, *copy);
}

// The new name is on the disk when this returns.
absl::Status Publish(const std::string& made, const std::string& to) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE) != 0) {
    return errno == EEXIST ? ExistsError(to) : FileError("make", to);
  }
  const std::string parent = std::filesystem::path(to).parent_path();
  const std::string directory = parent.empty() ? "." : parent;
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open", directory);
  const absl::Cleanup close = [fd] { ::close(fd); };
  return ::fsync(fd) == 0 ? absl::OkStatus() : FileError("sync", directory);
}

}  // namespace

absl::Status CopyStore(const std::string& from, const std::string& to) {
  absl::Status status = CheckNothingAt(to);
  if (!status.ok()) return status;
  const std::string made =
      absl::StrCat(to, ".", HexEncode(RandomBytes(8)), ".tmp");
  // Gone already when all went well.
  const absl::Cleanup remove = [&made] { ::unlink(made.c_str()); };
  status = CopyInto(from, made);
  if (!status.ok()) return status;
  return Publish(made, to);
}

}  // namespace airlock::policy
