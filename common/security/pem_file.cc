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

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(absl::string_view path_view) {
  const std::string path(path_view);
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

}  // namespace airlock
