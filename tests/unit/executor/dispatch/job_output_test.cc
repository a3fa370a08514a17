#include "services/executor/dispatch/job_output.h"

#include <gtest/gtest.h>

namespace airlock::executor {
namespace {

// Everything that may be handed out now, both streams one after another.
std::string TakeAll(JobOutput& output) {
  std::string all;
  while (auto chunk = output.TakeChunk()) all += chunk->data();
  return all;
}

TEST(JobOutputTest, ChunksCarryTheOffsetsOfTheirStream) {
  JobOutput output;
  output.Append(Stream::kStdout, "abc");
  output.Append(Stream::kStderr, "X");

  const auto first = output.TakeChunk();
  const auto second = output.TakeChunk();
  output.Append(Stream::kStdout, "def");
  const auto third = output.TakeChunk();

  EXPECT_EQ(first->stream(), airlock::v1::OUTPUT_STREAM_STDOUT);
  EXPECT_EQ(second->stream(), airlock::v1::OUTPUT_STREAM_STDERR);
  EXPECT_EQ(second->offset(), 0u);
  EXPECT_EQ(third->offset(), 3u);
  EXPECT_EQ(third->data(), "def");
  EXPECT_FALSE(output.TakeChunk().has_value());
  EXPECT_TRUE(output.drained());
}

TEST(JobOutputTest, NoChunkIsLongerThanItMayBe) {
  JobOutput output;
  output.Append(Stream::kStdout, std::string(kOutputChunkBytes + 1, 'x'));

  EXPECT_EQ(output.TakeChunk()->data().size(), kOutputChunkBytes);
  EXPECT_EQ(output.TakeChunk()->data().size(), 1u);
}

TEST(JobOutputTest, BothStreamsShareTheCredit) {
  JobOutput output;
  output.Append(Stream::kStdout, std::string(kInitialOutputCredit - 1, 'x'));
  output.Append(Stream::kStderr, "ab");

  EXPECT_EQ(TakeAll(output).size(), kInitialOutputCredit);
  EXPECT_FALSE(output.drained());

  output.Allow(kInitialOutputCredit + 1, 0, 0);
  EXPECT_EQ(TakeAll(output), "b");
}

TEST(JobOutputTest, CreditNeverFalls) {
  JobOutput output;
  output.Allow(0, 0, 0);
  output.Append(Stream::kStdout, "abc");

  EXPECT_EQ(TakeAll(output), "abc");
  EXPECT_EQ(output.sandbox_limit(), kInitialOutputCredit);
}

TEST(JobOutputTest, SendingAgainUsesNoCredit) {
  JobOutput output;
  output.Append(Stream::kStdout, std::string(kInitialOutputCredit, 'x'));
  TakeAll(output);

  output.RewindToKept();

  EXPECT_EQ(TakeAll(output).size(), kInitialOutputCredit);
}

TEST(JobOutputTest, AcknowledgedOutputIsForgotten) {
  JobOutput output;
  output.Append(Stream::kStdout, "0123456789");
  TakeAll(output);
  output.Allow(0, 4, 0);

  output.RewindToKept();

  const auto chunk = output.TakeChunk();
  EXPECT_EQ(chunk->offset(), 4u);
  EXPECT_EQ(chunk->data(), "456789");
  EXPECT_EQ(output.written(Stream::kStdout), 10u);
}

TEST(JobOutputTest, WhatWasNeverSentCannotBeAcknowledged) {
  JobOutput output;
  output.Append(Stream::kStdout, "0123");

  output.Allow(0, 1000, 1000);

  EXPECT_FALSE(output.acknowledged());
  EXPECT_EQ(TakeAll(output), "0123");
}

TEST(JobOutputTest, RewindStaysWithinWhatIsKept) {
  JobOutput output;
  output.Append(Stream::kStdout, "0123456789");
  TakeAll(output);
  output.Allow(0, 4, 0);

  output.Rewind(1000, 1000);
  EXPECT_TRUE(output.drained());
  output.Rewind(2, 0);
  EXPECT_EQ(output.TakeChunk()->offset(), 4u);
}

TEST(JobOutputTest, SandboxMayNotRunAheadOfAcknowledgements) {
  JobOutput output;
  output.Allow(std::uint64_t{1} << 40, 0, 0);
  EXPECT_EQ(output.sandbox_limit(), kKeptOutputBytes);

  output.Append(Stream::kStdout, std::string(1000, 'x'));
  TakeAll(output);
  output.Allow(0, 1000, 0);

  EXPECT_EQ(output.sandbox_limit(), kKeptOutputBytes + 1000);
}

TEST(JobOutputTest, RestOfThePipesNeedsNoCredit) {
  JobOutput output;
  output.Append(Stream::kStdout, std::string(kInitialOutputCredit + 10, 'x'));
  TakeAll(output);
  ASSERT_FALSE(output.drained());

  output.LiftCredit();

  EXPECT_EQ(TakeAll(output).size(), 10u);
  EXPECT_TRUE(output.drained());
}

}  // namespace
}  // namespace airlock::executor
