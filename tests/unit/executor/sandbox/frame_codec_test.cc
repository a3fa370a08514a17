#include "services/executor/sandbox/frame_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::ElementsAre;

std::string PongFrame(std::uint64_t sequence) {
  runner::v1::FromRunner message;
  message.mutable_pong()->set_sequence(sequence);
  const std::string body = message.SerializeAsString();
  return std::string("\0\0\0", 3) + static_cast<char>(body.size()) + body;
}

class FrameDecoderTest : public testing::Test {
 protected:
  absl::Status Feed(absl::string_view bytes) {
    return decoder_.Feed(bytes, [this](const runner::v1::FromRunner& message) {
      sequences_.push_back(message.pong().sequence());
      return absl::OkStatus();
    });
  }

  FrameDecoder decoder_;
  std::vector<std::uint64_t> sequences_;
};

TEST_F(FrameDecoderTest, SeveralFramesAtOnceAreCut) {
  ASSERT_THAT(Feed(PongFrame(1) + PongFrame(2) + PongFrame(3)), IsOk());

  EXPECT_THAT(sequences_, ElementsAre(1, 2, 3));
}

TEST_F(FrameDecoderTest, FrameMayComeByteByByte) {
  for (const char byte : PongFrame(300) + PongFrame(7)) {
    ASSERT_THAT(Feed(absl::string_view(&byte, 1)), IsOk());
  }

  EXPECT_THAT(sequences_, ElementsAre(300, 7));
  EXPECT_EQ(decoder_.buffered_bytes(), 0U);
}

TEST_F(FrameDecoderTest, TooLongAFrameIsRefusedByItsHeader) {
  EXPECT_THAT(Feed(std::string("\x00\x10\x00\x01", 4)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(decoder_.buffered_bytes(), 0U);
}

TEST_F(FrameDecoderTest, LongestFrameIsTaken) {
  runner::v1::FromRunner message;
  message.mutable_output_chunk()->set_data(
      std::string(kMaxFrameBytes - 8, 'x'));
  ASSERT_EQ(message.ByteSizeLong(), kMaxFrameBytes);
  const std::string frame =
      std::string("\x00\x10\x00\x00", 4) + message.SerializeAsString();

  EXPECT_THAT(Feed(frame.substr(0, 1000)), IsOk());
  EXPECT_THAT(Feed(frame.substr(1000)), IsOk());

  EXPECT_EQ(sequences_.size(), 1U);
}

TEST_F(FrameDecoderTest, MalformedFrameIsRefused) {
  EXPECT_THAT(Feed(std::string("\x00\x00\x00\x02\xff\xff", 6)),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(FrameDecoderTest, ErrorOfTheHandlerStopsIt) {
  int calls = 0;

  const absl::Status status = decoder_.Feed(
      PongFrame(1) + PongFrame(2), [&calls](const runner::v1::FromRunner&) {
        ++calls;
        return absl::AbortedError("enough");
      });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, "enough"));
  EXPECT_EQ(calls, 1);
}

TEST(AppendFrameTest, TooLongAMessageIsRefused) {
  runner::v1::ToRunner message;
  message.mutable_stdin_chunk()->set_data(std::string(kMaxFrameBytes, 'x'));
  std::string out;

  EXPECT_THAT(AppendFrame(message, out),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace airlock::executor
