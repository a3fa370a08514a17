#include "services/executor/backends/ssh/connection/socket_reads.h"

#include <sys/socket.h>

#include <cerrno>

namespace airlock::executor {

ssize_t SocketReads::Read(int fd, void* buffer, std::size_t size, int flags) {
  if (ended_) return 0;
  if (left_ == 0) return -EAGAIN;
  --left_;
  const ssize_t count = recv(fd, buffer, size, flags);
  if (count >= 0) return count;
  return errno == EINTR ? -EAGAIN : -errno;
}

}  // namespace airlock::executor
