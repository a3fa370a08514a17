#include "services/executor/backends/ssh/connection/wake_up.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace airlock::executor {
namespace {

int MakeWakeFd() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::runtime_error(std::strerror(errno));
  return fd;
}

}  // namespace

WakeUp::WakeUp() : fd_(MakeWakeFd()) {}

WakeUp::~WakeUp() { close(fd_); }

void WakeUp::Ring() const {
  const std::uint64_t one = 1;
  // A full counter means that a wake-up is already on its way.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

void WakeUp::Clear() const {
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t got = read(fd_, &rings, sizeof(rings));
}

}  // namespace airlock::executor
