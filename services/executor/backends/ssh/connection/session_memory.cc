#include "services/executor/backends/ssh/connection/session_memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace airlock::executor {
namespace {

// In front of each block: its size, header included.
union Header {
  std::size_t size;
  std::max_align_t alignment;
};

Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

}  // namespace

void* SessionMemory::Allocate(std::size_t size) {
  if (size > kMost || used_ + size + sizeof(Header) > kMost) return nullptr;
  void* raw = std::malloc(size + sizeof(Header));
  if (raw == nullptr) return nullptr;
  auto* header = new (raw) Header{.size = size + sizeof(Header)};
  used_ += header->size;
  return header + 1;
}

void* SessionMemory::Reallocate(void* block, std::size_t size) {
  if (block == nullptr) return Allocate(size);
  const std::size_t kept = HeaderOf(block)->size - sizeof(Header);
  void* moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, kept < size ? kept : size);
  Free(block);
  return moved;
}

void SessionMemory::Free(void* block) {
  if (block == nullptr) return;
  Header* header = HeaderOf(block);
  used_ -= header->size;
  std::free(header);
}

}  // namespace airlock::executor
