// The processes below another one.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace airlock::runner {

// Finds them by walking /proc. What it sees is a moment's truth: a process that
// forks and ends while it looks may hide its child this once, so whoever wants
// all of them looks until nothing is found. Allocates nothing. Not thread-safe.
class Descendants {
 public:
  // Of this process. `proc_fd` is /proc, open for reading; it stays the
  // caller's.
  explicit Descendants(int proc_fd);

  // Sends `signal` to each that has not ended; 0: only counts them. Returns how
  // many there were. Never reaches a process that is none of them, even if ids
  // are used again meanwhile.
  std::uint32_t Signal(int signal);

 private:
  // Beyond that many it goes only one generation further at each look.
  static constexpr std::size_t kMaxKnown = 1024;

  bool Visit(pid_t pid, int signal);

  const int proc_fd_;
  const pid_t root_;
  // Those seen at this look, in rising order.
  std::array<pid_t, kMaxKnown> known_ = {};
  std::size_t known_size_ = 0;
};

}  // namespace airlock::runner
