#include "services/cli/run/write_fully.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace airlock::cli {

absl::Status WriteFully(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written >= 0) {
      data.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody else made this descriptor non-blocking: wait all the same.
      pollfd waited = {fd, POLLOUT, 0};
      poll(&waited, 1, -1);
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, fd == STDOUT_FILENO
                                            ? "cannot write to standard output"
                                            : "cannot write to standard error");
    }
  }
  return absl::OkStatus();
}

}  // namespace airlock::cli
