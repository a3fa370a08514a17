#include "services/runner/close_range.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace airlock::runner {
namespace {

constexpr int kLast = std::numeric_limits<int>::max();

// Both included.
void CloseRange(int first, int last) {
  if (first > last) return;
  if (::syscall(SYS_close_range, static_cast<unsigned>(first),
                static_cast<unsigned>(last), 0U) == 0) {
    return;
  }
  // The kernel is too old for this call.
  const auto most = static_cast<int>(::sysconf(_SC_OPEN_MAX));
  for (int fd = first; fd <= std::min(last, most); ++fd) ::close(fd);
}

}  // namespace

void CloseFrom(int first, std::span<const int> kept) {
  while (true) {
    int next = kLast;
    for (const int fd : kept) {
      if (fd >= first) next = std::min(next, fd);
    }
    CloseRange(first, next == kLast ? kLast : next - 1);
    if (next == kLast) return;
    first = next + 1;
  }
}

}  // namespace airlock::runner
