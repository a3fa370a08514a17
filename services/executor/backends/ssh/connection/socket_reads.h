// How much of a host's bytes libssh2 may take before it comes back.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace airlock::executor {

// libssh2 reads in a loop as long as there is something, and a host may never
// stop to send what comes to nothing. So it is told that nothing is there
// after a few reads, as often as it asks, until its caller begins another turn:
// then deadlines and other work have been looked at. Not thread-safe.
class SocketReads {
 public:
  // Reads of one turn. By their number, because each may be the answer in an
  // exchange of keys, which costs more than its bytes.
  static constexpr int kMost = 8;

  void BeginTurn() { left_ = kMost; }
  // The stream ends here, whatever else would come.
  void End() { ended_ = true; }

  // As recv(), with the error number as a negative result.
  ssize_t Read(int fd, void* buffer, std::size_t size, int flags);

 private:
  int left_ = kMost;
  bool ended_ = false;
};

}  // namespace airlock::executor
