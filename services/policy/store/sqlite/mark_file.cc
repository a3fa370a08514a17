#include "services/policy/store/sqlite/mark_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kMaxWriter = 64;

absl::Status MarkError(absl::string_view path) {
  return MakeError(
      absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
      absl::StrCat("the store: \"", path, "\": ", std::strerror(errno)));
}

absl::Status InUseError(absl::string_view path) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "STORE_IN_USE",
                   absl::StrCat("the store is in use by another process, which "
                                "holds the lock on \"",
                                path, "\": only one may open it"));
}

}  // namespace

// Zeroes where nothing was marked yet.
struct MarkFile::Content {
  char writer[kMaxWriter];
  std::atomic<std::uint64_t> commits;
};

absl::StatusOr<std::unique_ptr<MarkFile>> MarkFile::Open(
    const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return MarkError(path);
  absl::Cleanup close = [fd] { ::close(fd); };
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? InUseError(path) : MarkError(path);
  }
  // With room on the disk: a write to the mapping cannot fail.
  const int error = ::posix_fallocate(fd, 0, sizeof(Content));
  if (error != 0) {
    errno = error;
    return MarkError(path);
  }
  void* mapped = ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return MarkError(path);
  std::move(close).Cancel();
  return std::unique_ptr<MarkFile>(
      new MarkFile(path, fd, static_cast<Content*>(mapped)));
}

MarkFile::~MarkFile() {
  ::munmap(content_, sizeof(Content));
  ::close(fd_);
}

absl::string_view MarkFile::marked_writer() const {
  return {content_->writer, ::strnlen(content_->writer, kMaxWriter)};
}

bool MarkFile::IsAheadOf(absl::string_view writer,
                         std::uint64_t commits) const {
  // Nothing was ever written to a store without commits.
  if (marked_writer().empty()) return commits > 0;
  return marked_writer() != writer || content_->commits > commits;
}

absl::Status MarkFile::Write(absl::string_view writer, std::uint64_t commits) {
  if (marked_writer() != writer) {
    // A kill in between leaves a writer that is nobody: too careful, not wrong.
    std::memset(content_->writer, 0, kMaxWriter);
    writer.copy(content_->writer, kMaxWriter);
  }
  content_->commits = commits;
  if (synced_) return absl::OkStatus();
  absl::Status status = Sync();
  synced_ = status.ok();
  return status;
}

absl::Status MarkFile::Sync() const {
  if (::fsync(fd_) != 0) return MarkError(path_);
  const std::string directory = std::filesystem::path(path_).parent_path();
  const int fd = ::open(directory.empty() ? "." : directory.c_str(),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return MarkError(path_);
  const int synced = ::fsync(fd);
  absl::Status status = synced == 0 ? absl::OkStatus() : MarkError(path_);
  ::close(fd);
  return status;
}

}  // namespace airlock::policy
