#include "services/policy/audit/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/audit_chain/audit_ndjson.h"

namespace airlock::policy {
namespace {

// No line of a checkpoint is longer.
constexpr std::size_t kMaxLineBytes = 4096;

absl::Status FileError(absl::string_view verb, const std::string& path) {
  return absl::ErrnoToStatus(
      errno, absl::StrCat("the audit's checkpoint file \"", path, "\" cannot ",
                          "be ", verb));
}

absl::Status WriteFully(int fd, absl::string_view data,
                        const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("written", path);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// The last bytes of a file, and where they begin.
struct Tail {
  std::string bytes;
  off_t offset = 0;

  // The length of whole lines in `bytes`.
  std::size_t WholeLines() const { return bytes.rfind('\n') + 1; }
};

absl::StatusOr<Tail> ReadTail(int fd, const std::string& path) {
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size < 0) return FileError("read", path);
  Tail tail;
  tail.offset =
      std::max<off_t>(0, size - static_cast<off_t>(2 * kMaxLineBytes));
  tail.bytes.resize(static_cast<std::size_t>(size - tail.offset));
  std::size_t got = 0;
  while (got < tail.bytes.size()) {
    const ssize_t count =
        pread(fd, tail.bytes.data() + got, tail.bytes.size() - got,
              tail.offset + static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileError("read", path);
    got += static_cast<std::size_t>(count);
  }
  return tail;
}

// Takes away what a crash left of a line, so that the next one is whole.
absl::Status CutTornLine(int fd, const std::string& path) {
  const absl::StatusOr<Tail> tail = ReadTail(fd, path);
  if (!tail.ok()) return tail.status();
  const std::size_t whole = tail->WholeLines();
  if (whole == tail->bytes.size()) return absl::OkStatus();
  if (ftruncate(fd, tail->offset + static_cast<off_t>(whole)) != 0) {
    return FileError("repaired", path);
  }
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::filesystem::path parent =
      std::filesystem::path(path).parent_path();
  const std::filesystem::path directory = parent.empty() ? "." : parent;
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("made durable", path);
  const bool synced = fsync(fd) == 0;
  const absl::Status error = FileError("made durable", path);
  close(fd);
  return synced ? absl::OkStatus() : error;
}

absl::StatusOr<std::optional<airlock::v1::AuditCheckpoint>> ReadLastOf(
    const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return FileError("opened", path);
  const auto close_it = absl::MakeCleanup([fd] { close(fd); });
  const absl::StatusOr<Tail> tail = ReadTail(fd, path);
  if (!tail.ok()) return tail.status();
  absl::string_view lines(tail->bytes.data(), tail->WholeLines());
  if (lines.empty()) return std::nullopt;
  lines.remove_suffix(1);
  const std::size_t before = lines.rfind('\n');
  if (before != absl::string_view::npos) lines.remove_prefix(before + 1);
  absl::StatusOr<AuditItem> item = ParseAuditLine(lines);
  if (item.ok()) {
    if (auto* found = std::get_if<airlock::v1::AuditCheckpoint>(&*item)) {
      return std::move(*found);
    }
  }
  return absl::DataLossError(absl::StrCat("the last line of \"", path,
                                          "\" is not a checkpoint of the "
                                          "audit"));
}

}  // namespace

absl::StatusOr<std::optional<airlock::v1::AuditCheckpoint>>
CheckpointFile::ReadLast() const {
  auto last = ReadLastOf(path_);
  if (last.ok() && !last->has_value()) {
    return ReadLastOf(absl::StrCat(path_, ".1"));
  }
  return last;
}

absl::Status CheckpointFile::Append(
    const airlock::v1::AuditCheckpoint& checkpoint) {
  struct stat known = {};
  if (stat(path_.c_str(), &known) == 0 &&
      static_cast<std::size_t>(known.st_size) >= kMaxCheckpointFileBytes &&
      std::rename(path_.c_str(), absl::StrCat(path_, ".1").c_str()) != 0) {
    return FileError("set aside", path_);
  }
  const int fd =
      open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
           S_IRUSR | S_IWUSR);
  if (fd < 0) return FileError("opened", path_);
  const auto close_it = absl::MakeCleanup([fd] { close(fd); });
  absl::Status status = CutTornLine(fd, path_);
  if (status.ok()) {
    status = WriteFully(fd, absl::StrCat(AuditLine(checkpoint), "\n"), path_);
  }
  if (!status.ok()) return status;
  if (fsync(fd) != 0) return FileError("made durable", path_);
  return SyncDirectoryOf(path_);
}

}  // namespace airlock::policy
