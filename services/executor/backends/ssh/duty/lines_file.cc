#include "services/executor/backends/ssh/duty/lines_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace airlock::executor {
namespace {

constexpr const char* kEnd = "end";

// So that the file's name lasts, too.
absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, folder);
  absl::Status status =
      fsync(fd) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, folder);
  close(fd);
  return status;
}

absl::Status WriteWhole(const std::string& path, absl::string_view text) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
           0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  absl::Status status;
  while (!text.empty() && status.ok()) {
    const ssize_t wrote = write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      status = absl::ErrnoToStatus(errno, path);
    } else {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  if (status.ok() && fsync(fd) != 0) status = absl::ErrnoToStatus(errno, path);
  close(fd);
  return status;
}

}  // namespace

LinesFile::LinesFile(std::string path, std::string subject)
    : path_(std::move(path)), subject_(std::move(subject)) {}

absl::StatusOr<std::optional<std::vector<std::string>>> LinesFile::Load()
    const {
  std::ifstream file(path_);
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    return absl::ErrnoToStatus(errno, path_);
  }
  std::string line;
  if (std::getline(file, line) && line != subject_) return std::nullopt;
  std::vector<std::string> lines;
  while (std::getline(file, line)) {
    if (line == kEnd) return lines;
    lines.push_back(line);
  }
  return absl::DataLossError(
      absl::StrCat(path_, " is not complete: remove it"));
}

absl::Status LinesFile::Save(const std::vector<std::string>& lines) const {
  std::string text = absl::StrCat(subject_, "\n");
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  absl::StrAppend(&text, kEnd, "\n");
  const std::string part = absl::StrCat(path_, ".part");
  absl::Status written = WriteWhole(part, text);
  if (!written.ok()) return written;
  if (std::rename(part.c_str(), path_.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, path_);
  }
  return SyncFolderOf(path_);
}

}  // namespace airlock::executor
