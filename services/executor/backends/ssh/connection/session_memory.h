// What one SSH session may keep in memory.
#pragma once

#include <cstddef>

namespace airlock::executor {

// Memory for libssh2, which keeps every packet that nobody asks for: a host
// could send such packets for ever. Bounded; not thread-safe. Must outlive what
// was allocated.
class SessionMemory {
 public:
  // A window full of small packets, and keys, take a fraction of it.
  static constexpr std::size_t kMost = std::size_t{64} << 20U;

  SessionMemory() = default;
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // As malloc(), realloc() and free(). nullptr: it would be too much.
  void* Allocate(std::size_t size);
  void* Reallocate(void* block, std::size_t size);
  void Free(void* block);

  // What is allocated, with a little for each block.
  std::size_t used() const { return used_; }

 private:
  std::size_t used_ = 0;
};

}  // namespace airlock::executor
