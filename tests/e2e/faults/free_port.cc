#include "tests/e2e/faults/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace airlock {
namespace {

// Below Linux's default of 32768 for outgoing connections.
constexpr int kFirst = 20'000;
constexpr int kCount = 12'000;

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  // As servers do, so that a port is not lost to connections that are over.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address),
                         sizeof(address)) == 0;
  close(fd);
  return free;
}

}  // namespace

int FreePort() {
  // Tests that run at the same time begin at different places.
  static int next = static_cast<int>(getpid()) * 37 % kCount;
  for (int tried = 0; tried < kCount; ++tried) {
    next = (next + 1) % kCount;
    if (IsFree(kFirst + next)) return kFirst + next;
  }
  throw std::runtime_error("no free port");
}

}  // namespace airlock
