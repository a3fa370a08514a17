#include "services/runner/files/copy.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace airlock::runner {
namespace {

constexpr std::uint64_t kBufferBytes = 256 << 10;

}  // namespace

Copied Copy(int from, int to, std::uint64_t most) {
  Copied copied;
  std::vector<char> buffer(std::min(most, kBufferBytes));
  while (copied.bytes < most) {
    const std::uint64_t wanted =
        std::min<std::uint64_t>(most - copied.bytes, buffer.size());
    const ssize_t count = ::read(from, buffer.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) copied.read_error = errno;
    if (count <= 0) break;
    copied.write_error =
        WriteAll(to, {buffer.data(), static_cast<std::size_t>(count)});
    if (copied.write_error != 0) break;
    copied.bytes += static_cast<std::uint64_t>(count);
  }
  return copied;
}

int WriteAll(int to, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(to, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

}  // namespace airlock::runner
