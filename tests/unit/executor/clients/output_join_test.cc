#include "services/executor/clients/output_join.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "services/executor/dispatch/job_output.h"

namespace airlock::executor {
namespace {

using internal::v1::ConnectRequest;

ConnectRequest Piece(std::uint64_t offset, const std::string& data) {
  ConnectRequest message;
  internal::v1::Output& output = *message.mutable_output();
  output.set_execution_id("e1");
  output.set_fence(1);
  output.mutable_chunk()->set_stream(airlock::v1::OUTPUT_STREAM_STDOUT);
  output.mutable_chunk()->set_offset(offset);
  output.mutable_chunk()->set_data(data);
  return message;
}

// Whether it was joined; if not, that nothing has changed.
bool Joins(const ConnectRequest& message) {
  ConnectRequest waiting = Piece(10, "abc");
  const bool joined = JoinOutput(message, waiting);
  if (!joined) {
    EXPECT_EQ(waiting.SerializeAsString(),
              Piece(10, "abc").SerializeAsString());
  }
  return joined;
}

TEST(OutputJoinTest, WhatGoesOnIsAdded) {
  ConnectRequest waiting = Piece(10, "abc");

  EXPECT_TRUE(JoinOutput(Piece(13, "def"), waiting));

  EXPECT_EQ(waiting.SerializeAsString(),
            Piece(10, "abcdef").SerializeAsString());
}

TEST(OutputJoinTest, WhatIsSentAgainOrLeavesAGapIsNot) {
  EXPECT_FALSE(Joins(Piece(10, "abc")));
  EXPECT_FALSE(Joins(Piece(14, "def")));
}

TEST(OutputJoinTest, WhatIsOfAnotherStreamOrJobIsNot) {
  ConnectRequest other = Piece(13, "def");
  other.mutable_output()->mutable_chunk()->set_stream(
      airlock::v1::OUTPUT_STREAM_STDERR);
  EXPECT_FALSE(Joins(other));
  other = Piece(13, "def");
  other.mutable_output()->set_execution_id("e2");
  EXPECT_FALSE(Joins(other));
  other = Piece(13, "def");
  other.mutable_output()->set_fence(2);
  EXPECT_FALSE(Joins(other));
}

TEST(OutputJoinTest, OtherMessagesAreNot) {
  ConnectRequest end;
  end.mutable_job_ended()->set_execution_id("e1");
  EXPECT_FALSE(Joins(end));
  EXPECT_FALSE(JoinOutput(Piece(0, "abc"), end));
}

TEST(OutputJoinTest, NothingGetsLongerThanTheBound) {
  ConnectRequest waiting = Piece(0, "abc");

  EXPECT_TRUE(
      JoinOutput(Piece(3, std::string(kOutputChunkBytes - 3, 'x')), waiting));
  EXPECT_FALSE(JoinOutput(Piece(kOutputChunkBytes, "x"), waiting));
}

}  // namespace
}  // namespace airlock::executor
