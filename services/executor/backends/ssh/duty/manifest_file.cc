#include "services/executor/backends/ssh/duty/manifest_file.h"

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

ManifestFile::ManifestFile(std::string path, std::string subject)
    : path_(std::move(path)), subject_(std::move(subject)) {}

absl::StatusOr<std::optional<HostManifest>> ManifestFile::Load() const {
  std::ifstream file(path_);
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    return absl::ErrnoToStatus(errno, path_);
  }
  std::string line;
  if (!std::getline(file, line) || line != subject_) return std::nullopt;
  HostManifest manifest;
  while (std::getline(file, line)) {
    if (line == kEnd) return manifest;
    manifest.push_back(line);
  }
  return absl::DataLossError(
      absl::StrCat(path_, " is not complete: remove it"));
}

absl::Status ManifestFile::Save(const HostManifest& manifest) const {
  std::string text = absl::StrCat(subject_, "\n");
  for (const std::string& line : manifest) absl::StrAppend(&text, line, "\n");
  absl::StrAppend(&text, kEnd, "\n");
  const std::string part = absl::StrCat(path_, ".part");
  absl::Status written = WriteWhole(part, text);
  if (!written.ok()) return written;
  if (std::rename(part.c_str(), path_.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, path_);
  }
  return absl::OkStatus();
}

}  // namespace airlock::executor
