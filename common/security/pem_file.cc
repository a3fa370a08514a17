#include "common/security/pem_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace airlock {
namespace {

absl::Status CannotRead(const std::string& path, int error) {
  const std::string message =
      absl::StrCat("cannot read \"", path, "\": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  if (error == EACCES || error == EPERM) {
    return absl::PermissionDeniedError(message);
  }
  return absl::InvalidArgumentError(message);
}

absl::Status CheckPrivate(const std::string& path, mode_t mode) {
  if ((mode & (S_IRWXO | S_IWGRP)) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", path, "\" must be for its owner alone, as it holds a private key: ",
      "its mode is ", absl::StrFormat("%04o", mode & 07777U),
      "; chmod 600 makes it so"));
}

// `check` is asked about the mode of the file that is read.
absl::StatusOr<std::string> ReadFile(
    const std::string& path,
    absl::Status (*check)(const std::string& path, mode_t mode)) {
  // Not blocking: the path may be a FIFO, which is refused below.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return CannotRead(path, errno);
  absl::Cleanup close_fd = [fd] { close(fd); };

  struct stat info = {};
  if (fstat(fd, &info) != 0) return CannotRead(path, errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", path, "\" must be a regular file"));
  }
  if (check != nullptr) {
    absl::Status allowed = check(path, info.st_mode);
    if (!allowed.ok()) return allowed;
  }
  std::string content;
  std::array<char, 16 * 1024> buffer;
  while (true) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(path, errno);
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > kMaxSecretFileBytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "\"", path, "\" must have at most ", kMaxSecretFileBytes, " bytes"));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(absl::string_view path) {
  return ReadFile(std::string(path), nullptr);
}

absl::StatusOr<std::string> ReadPrivateFile(absl::string_view path) {
  return ReadFile(std::string(path), CheckPrivate);
}

}  // namespace airlock
