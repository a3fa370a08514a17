#include "services/policy/dispatch/output_log.h"

#include <gtest/gtest.h>

#include <limits>

namespace airlock::policy {
namespace {

constexpr std::uint64_t kNothingPinned =
    std::numeric_limits<std::uint64_t>::max();

airlock::v1::OutputChunk Chunk(std::uint64_t offset, std::string data) {
  airlock::v1::OutputChunk chunk;
  chunk.set_stream(airlock::v1::OUTPUT_STREAM_STDOUT);
  chunk.set_offset(offset);
  chunk.set_data(std::move(data));
  return chunk;
}

TEST(OutputLogTest, RepetitionIsCutOff) {
  OutputLog log(1000);
  log.Append(Chunk(0, "abc"), kNothingPinned);

  EXPECT_EQ(log.Append(Chunk(1, "bcde"), kNothingPinned), 2u);
  EXPECT_EQ(log.Append(Chunk(0, "ab"), kNothingPinned), 0u);
  EXPECT_EQ(log.At(1)->chunk->data(), "de");
  EXPECT_EQ(log.received(), 5u);
}

TEST(OutputLogTest, KeepsTheBeginningAndTheEndWithinItsBound) {
  OutputLog log(100);
  for (std::uint64_t i = 0; i < 50; ++i) {
    log.Append(Chunk(i * 10, std::string(10, 'x')), kNothingPinned);
  }

  EXPECT_LE(log.kept_bytes(), 100u);
  EXPECT_EQ(log.At(0)->chunk->offset(), 0u);
  EXPECT_EQ(log.At(log.next_number() - 1)->chunk->offset(), 490u);
  const auto after_gap = log.At(2);
  ASSERT_TRUE(after_gap.has_value());
  EXPECT_GT(after_gap->number, 2u);
  EXPECT_EQ(log.BytesBefore(2), after_gap->chunk->offset());
}

TEST(OutputLogTest, WhatIsPinnedIsNotForgotten) {
  OutputLog log(100);
  for (std::uint64_t i = 0; i < 50; ++i) {
    log.Append(Chunk(i * 10, std::string(10, 'x')), 3);
  }

  EXPECT_EQ(log.At(3)->number, 3u);
  EXPECT_EQ(log.At(3)->chunk->offset(), 30u);
}

TEST(OutputLogTest, NothingIsThereAfterTheNewest) {
  OutputLog log(100);
  log.Append(Chunk(0, "abc"), kNothingPinned);

  EXPECT_FALSE(log.At(1).has_value());
  EXPECT_EQ(log.BytesBefore(1), 3u);
}

}  // namespace
}  // namespace airlock::policy
