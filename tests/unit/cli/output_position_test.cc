#include "services/cli/run/output_position.h"

#include <gtest/gtest.h>

namespace airlock::cli {
namespace {

using ::airlock::v1::OUTPUT_STREAM_STDERR;
using ::airlock::v1::OUTPUT_STREAM_STDOUT;

airlock::v1::OutputChunk Chunk(
    std::uint64_t offset, const std::string& data,
    airlock::v1::OutputStream stream = OUTPUT_STREAM_STDOUT) {
  airlock::v1::OutputChunk chunk;
  chunk.set_stream(stream);
  chunk.set_offset(offset);
  chunk.set_data(data);
  return chunk;
}

TEST(OutputPositionTest, ChunksInOrderAreAllNew) {
  OutputPosition position;
  const auto first = Chunk(0, "abc");
  const auto second = Chunk(3, "de");

  EXPECT_EQ(position.Accept(first).data, "abc");
  EXPECT_EQ(position.Accept(second).data, "de");
  EXPECT_EQ(position.stdout_offset(), 5U);
}

TEST(OutputPositionTest, WhatCameBeforeIsLeftOut) {
  OutputPosition position;
  const auto first = Chunk(0, "abc");
  const auto again = Chunk(0, "ab");
  const auto overlapping = Chunk(1, "bcde");
  position.Accept(first);

  EXPECT_EQ(position.Accept(again).data, "");
  EXPECT_EQ(position.Accept(overlapping).data, "de");
  EXPECT_EQ(position.stdout_offset(), 5U);
}

TEST(OutputPositionTest, GapIsTold) {
  OutputPosition position;
  const auto chunk = Chunk(10, "xyz");

  const FreshOutput fresh = position.Accept(chunk);

  EXPECT_EQ(fresh.lost_bytes, 10U);
  EXPECT_EQ(fresh.data, "xyz");
  EXPECT_EQ(position.stdout_offset(), 13U);
}

TEST(OutputPositionTest, StreamsHaveTheirOwnPositions) {
  OutputPosition position;
  const auto out = Chunk(0, "abc");
  const auto err = Chunk(0, "e", OUTPUT_STREAM_STDERR);

  position.Accept(out);

  EXPECT_EQ(position.Accept(err).data, "e");
  EXPECT_EQ(position.stdout_offset(), 3U);
  EXPECT_EQ(position.stderr_offset(), 1U);
}

}  // namespace
}  // namespace airlock::cli
