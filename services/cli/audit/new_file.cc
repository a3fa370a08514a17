#include "services/cli/audit/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

absl::Status WriteError(const std::string& path) {
  return absl::ErrnoToStatus(errno,
                             absl::StrCat("\"", path, "\" cannot be written"));
}

}  // namespace

absl::StatusOr<NewFile> NewFile::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
  if (fd < 0) return WriteError(path);
  return NewFile(path, fd);
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(path_.c_str());
}

absl::Status NewFile::Write(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd_, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return WriteError(path_);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status NewFile::Finish() {
  if (fsync(fd_) != 0) return WriteError(path_);
  if (close(std::exchange(fd_, -1)) != 0) return WriteError(path_);
  return absl::OkStatus();
}

}  // namespace airlock::cli
