#include "services/cli/run/read_input.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace airlock::cli {
namespace {

constexpr int kPatienceMilliseconds = 2000;

// Whether `fd` has something, or its end, in time. Errors are read()'s to tell.
bool IsReadable(int fd, int timeout_milliseconds) {
  pollfd waited = {fd, POLLIN, 0};
  return poll(&waited, 1, timeout_milliseconds) != 0;
}

}  // namespace

bool IsFed(int fd) {
  struct stat facts = {};
  if (fstat(fd, &facts) != 0) return false;
  return S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode) ||
         S_ISREG(facts.st_mode);
}

absl::StatusOr<std::string> ReadToEnd(int fd, std::size_t max_bytes,
                                      const std::function<void()>& on_wait) {
  std::string content;
  char buffer[65536];
  if (!IsReadable(fd, kPatienceMilliseconds)) on_wait();
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return absl::ErrnoToStatus(errno, "cannot read standard input");
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("standard input must be at most ", max_bytes,
                       " bytes; --stdin no "
                       "leaves it out"));
    }
  }
}

}  // namespace airlock::cli
