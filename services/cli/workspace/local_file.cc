#include "services/cli/workspace/local_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPermissionBits = 0777;
constexpr std::size_t kPiece = std::size_t{64} << 10;

absl::Status ErrnoError(absl::string_view what, absl::string_view path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " \"", path, "\""));
}

absl::Status NotRegular(absl::string_view path) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\" is not a regular file"));
}

mode_t Umask() {
  // There is no other way to ask for it; no other thread makes files.
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

}  // namespace

absl::StatusOr<LocalSource> LocalSource::Open(const std::string& path) {
  // O_NONBLOCK: opening a pipe nobody writes to must not wait.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoError("cannot open", path);
  LocalSource source(fd, /*owned=*/true, std::nullopt);
  struct stat facts = {};
  if (fstat(fd, &facts) != 0) return ErrnoError("cannot read", path);
  if (!S_ISREG(facts.st_mode)) return NotRegular(path);
  source.mode_ = facts.st_mode & kPermissionBits;
  return source;
}

LocalSource LocalSource::StandardInput() {
  return {STDIN_FILENO, /*owned=*/false, std::nullopt};
}

LocalSource::LocalSource(LocalSource&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      owned_(other.owned_),
      mode_(other.mode_) {}

LocalSource::~LocalSource() {
  if (owned_ && fd_ >= 0) close(fd_);
}

absl::StatusOr<std::string> LocalSource::Read(std::size_t max_bytes) {
  std::string content;
  while (content.size() < max_bytes) {
    const std::size_t at = content.size();
    content.resize(std::min(at + kPiece, max_bytes));
    const ssize_t got = read(fd_, content.data() + at, content.size() - at);
    content.resize(at + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "cannot read");
    if (got == 0) break;
  }
  return content;
}

absl::StatusOr<LocalTarget> LocalTarget::Create(const std::string& path) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  std::string place = path;
  if (fs::exists(there)) {
    if (!fs::is_regular_file(there)) return NotRegular(path);
    place = fs::canonical(path, error);
    if (error) {
      return absl::InternalError(
          absl::StrCat("\"", path, "\": ", error.message()));
    }
  }
  std::string temporary = absl::StrCat(place, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoError("cannot make a file beside", path);
  return LocalTarget(fd, std::move(place), std::move(temporary));
}

LocalTarget LocalTarget::StandardOutput() { return {STDOUT_FILENO, "", ""}; }

LocalTarget::LocalTarget(LocalTarget&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")) {}

LocalTarget::~LocalTarget() {
  if (fd_ < 0 || path_.empty()) return;
  close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::Status LocalTarget::Write(absl::string_view data) {
  absl::Status written = WriteFully(fd_, data);
  if (written.ok() || path_.empty()) return written;
  return absl::Status(written.code(), absl::StrCat("cannot write \"", path_,
                                                   "\": ", written.message()));
}

absl::Status LocalTarget::Commit(mode_t mode) {
  if (path_.empty()) return absl::OkStatus();
  if (fchmod(fd_, mode & kPermissionBits & ~Umask()) != 0 || fsync(fd_) != 0 ||
      rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoError("cannot write", path_);
  }
  temporary_.clear();
  return absl::OkStatus();
}

}  // namespace airlock::cli
