#include "services/executor/backends/docker/stream_demuxer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

std::string Frame(char stream, const std::string& payload) {
  std::string frame{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(payload.size() >> shift & 0xffU));
  }
  return frame + payload;
}

class StreamDemuxerTest : public testing::Test {
 protected:
  absl::Status Add(absl::string_view data) {
    return demuxer_.Add(
        data, [this](StreamDemuxer::Source source, absl::string_view piece) {
          std::string& text =
              source == StreamDemuxer::Source::kStdout ? out_ : err_;
          text.append(piece.data(), piece.size());
        });
  }

  StreamDemuxer demuxer_;
  std::string out_;
  std::string err_;
};

TEST_F(StreamDemuxerTest, StreamsAreKeptApart) {
  EXPECT_THAT(Add(Frame(1, "out") + Frame(2, "err") + Frame(1, "put")), IsOk());

  EXPECT_EQ(out_, "output");
  EXPECT_EQ(err_, "err");
  EXPECT_TRUE(demuxer_.at_boundary());
}

TEST_F(StreamDemuxerTest, AnyCutIsFine) {
  const std::string stream =
      Frame(1, std::string(300, 'a')) + Frame(2, "") + Frame(2, "b");
  for (const char c : stream) {
    ASSERT_THAT(Add(absl::string_view(&c, 1)), IsOk());
  }

  EXPECT_EQ(out_, std::string(300, 'a'));
  EXPECT_EQ(err_, "b");
}

TEST_F(StreamDemuxerTest, LongFramesAreNotKept) {
  std::string header = Frame(1, "");
  header[4] = header[5] = header[6] = header[7] = '\xff';
  EXPECT_THAT(Add(header), IsOk());

  EXPECT_THAT(Add("first"), IsOk());

  EXPECT_EQ(out_, "first");
  EXPECT_FALSE(demuxer_.at_boundary());
}

TEST_F(StreamDemuxerTest, MalformedHeadersAreRefusedForGood) {
  for (const std::string& header :
       {std::string("\0\0\0\0\0\0\0\1x", 9),
        std::string("\3\0\0\0\0\0\0\1x", 9),
        std::string("\1\1\0\0\0\0\0\1x", 9), std::string("HTTP/1.1 200 OK")}) {
    demuxer_ = StreamDemuxer();

    EXPECT_THAT(Add(header), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("malformed")));
    EXPECT_THAT(Add(Frame(1, "later")),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(out_, "");
  }
}

}  // namespace
}  // namespace airlock::executor
