#include "services/executor/backends/ssh/connection/session_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <vector>

namespace airlock::executor {
namespace {

TEST(SessionMemoryTest, WhatPacketsTakeHasAnEnd) {
  SessionMemory memory;
  std::vector<void*> blocks;
  while (void* block = memory.Allocate(1 << 20U)) blocks.push_back(block);

  EXPECT_LE(blocks.size(), SessionMemory::kMost >> 20U);
  EXPECT_LE(memory.used(), SessionMemory::kMost);
  for (void* block : blocks) memory.Free(block);
  EXPECT_EQ(memory.used(), 0U);
}

TEST(SessionMemoryTest, NoSizeWrapsAround) {
  SessionMemory memory;

  EXPECT_EQ(memory.Allocate(std::numeric_limits<std::size_t>::max()), nullptr);
  EXPECT_EQ(memory.Allocate(std::numeric_limits<std::size_t>::max() - 8),
            nullptr);
}

TEST(SessionMemoryTest, ABlockThatGrowsKeepsItsBytes) {
  SessionMemory memory;
  void* block = memory.Reallocate(nullptr, 4);
  std::memcpy(block, "abcd", 4);

  block = memory.Reallocate(block, 4096);

  EXPECT_EQ(std::memcmp(block, "abcd", 4), 0);
  // Too much: what was there stays.
  EXPECT_EQ(memory.Reallocate(block, SessionMemory::kMost), nullptr);
  EXPECT_EQ(std::memcmp(block, "abcd", 4), 0);
  memory.Free(block);
  memory.Free(nullptr);
  EXPECT_EQ(memory.used(), 0U);
}

}  // namespace
}  // namespace airlock::executor
