// The hand-written codec against the protobuf library.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "airlock/runner/v1/runner.pb.h"
#include "services/runner/wire_decode.h"
#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

template <typename Frame>
Frame Decode(const v1::ToRunner& message) {
  ToRunner out;
  std::string error;
  EXPECT_TRUE(DecodeToRunner(message.SerializeAsString(), out, error)) << error;
  EXPECT_TRUE(std::holds_alternative<Frame>(out));
  return std::get<Frame>(out);
}

void ExpectRefused(const std::string& bytes, const std::string& why) {
  ToRunner out;
  std::string error;
  EXPECT_FALSE(DecodeToRunner(bytes, out, error)) << why;
  EXPECT_THAT(error, HasSubstr(why));
}

template <typename Frame>
v1::FromRunner Encode(const Frame& frame) {
  const std::string bytes = EncodeFrame(frame);
  EXPECT_GE(bytes.size(), 4U);
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  }
  EXPECT_EQ(size, bytes.size() - 4);
  v1::FromRunner message;
  EXPECT_TRUE(message.ParseFromString(bytes.substr(4)));
  return message;
}

TEST(WireDecodeTest, PrepareHasEveryField) {
  v1::ToRunner message;
  v1::Prepare& prepare = *message.mutable_prepare();
  prepare.set_process(kMax);
  prepare.add_argv("sh");
  prepare.add_argv("");
  prepare.add_argv(std::string("n\0l", 3));
  prepare.add_env("A=b");
  prepare.set_cwd("dir");
  prepare.set_timeout_ms(1'000'000'000'000);
  prepare.set_kill_grace_ms(4'294'967'295);
  prepare.set_output_limit_bytes(3);
  prepare.set_output_credit_bytes(4);

  const Prepare decoded = Decode<Prepare>(message);

  EXPECT_EQ(decoded.process, kMax);
  EXPECT_THAT(decoded.argv, ElementsAre("sh", "", std::string("n\0l", 3)));
  EXPECT_THAT(decoded.env, ElementsAre("A=b"));
  EXPECT_EQ(decoded.cwd, "dir");
  EXPECT_EQ(decoded.timeout_ms, 1'000'000'000'000U);
  EXPECT_EQ(decoded.kill_grace_ms, 4'294'967'295U);
  EXPECT_EQ(decoded.output_limit_bytes, 3U);
  EXPECT_EQ(decoded.output_credit_bytes, 4U);
}

TEST(WireDecodeTest, OtherFramesHaveEveryField) {
  v1::ToRunner message;
  message.mutable_configure()->set_protocol_version(1);
  message.mutable_configure()->set_silence_timeout_ms(2);
  EXPECT_EQ(Decode<Configure>(message).protocol_version, 1U);
  EXPECT_EQ(Decode<Configure>(message).silence_timeout_ms, 2U);

  message.mutable_file_chunk()->set_process(1);
  message.mutable_file_chunk()->set_path("p");
  message.mutable_file_chunk()->set_mode(0755);
  message.mutable_file_chunk()->set_data(std::string(100'000, '\0'));
  message.mutable_file_chunk()->set_first(true);
  const FileChunk chunk = Decode<FileChunk>(message);
  EXPECT_EQ(chunk.process, 1U);
  EXPECT_EQ(chunk.path, "p");
  EXPECT_EQ(chunk.mode, 0755U);
  EXPECT_EQ(chunk.data, std::string(100'000, '\0'));
  EXPECT_TRUE(chunk.first);

  message.mutable_start()->set_process(5);
  EXPECT_EQ(Decode<Start>(message).process, 5U);
  message.mutable_stdin_chunk()->set_process(6);
  message.mutable_stdin_chunk()->set_data("in");
  message.mutable_stdin_chunk()->set_end(true);
  EXPECT_EQ(Decode<StdinChunk>(message).data, "in");
  EXPECT_TRUE(Decode<StdinChunk>(message).end);
  message.mutable_output_credit()->set_process(7);
  message.mutable_output_credit()->set_limit_bytes(kMax);
  EXPECT_EQ(Decode<OutputCredit>(message).process, 7U);
  EXPECT_EQ(Decode<OutputCredit>(message).limit_bytes, kMax);
  message.mutable_kill()->set_process(8);
  EXPECT_EQ(Decode<Kill>(message).process, 8U);
  message.mutable_ping()->set_sequence(9);
  EXPECT_EQ(Decode<Ping>(message).sequence, 9U);
}

TEST(WireDecodeTest, EmptyFrameHasDefaults) {
  v1::ToRunner message;
  message.mutable_start();

  EXPECT_EQ(Decode<Start>(message).process, 0U);
}

TEST(WireDecodeTest, MessageWithoutFrameIsRefused) {
  ExpectRefused("", "without a frame");
}

TEST(WireDecodeTest, SecondFrameIsRefused) {
  v1::ToRunner message;
  message.mutable_kill()->set_process(8);
  const std::string kill = message.SerializeAsString();

  ExpectRefused(kill + kill, "second frame");
}

TEST(WireDecodeTest, UnknownFrameAndFieldAreRefused) {
  ExpectRefused(std::string("\x4a\x00", 2), "unknown frame");  // field 9
  ExpectRefused(std::string("\x22\x02\x10\x01", 4),
                "unknown field");  // Start 2
}

TEST(WireDecodeTest, MalformedBytesAreRefused) {
  ExpectRefused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "malformed");
  ExpectRefused("\x22", "malformed number");
  ExpectRefused("\x22\x05\x08", "longer than its message");
  ExpectRefused(std::string("\x22\x02\x08\xff", 4), "malformed number");
  ExpectRefused(std::string("\x20\x01", 2), "wire type");  // a number
  ExpectRefused(std::string("\x22\x02\x0a\x00", 4), "wire type");
  ExpectRefused(std::string("\x00\x00", 2), "malformed tag");
}

TEST(WireDecodeTest, NumberAboveItsTypeIsRefused) {
  // Configure.protocol_version = 2^32.
  ExpectRefused(std::string("\x0a\x06\x08\x80\x80\x80\x80\x10", 8), "32 bits");
}

TEST(WireEncodeTest, EndedHasEveryField) {
  Ended ended;
  ended.process = kMax;
  ended.cause = Cause::kNotStarted;
  ended.exit_code = 255;
  ended.signal = 64;
  ended.reason = "BAD_CWD";
  ended.message = "text";
  ended.cpu_time_us = 1;
  ended.peak_memory_bytes = 1ULL << 40;
  ended.wall_time_us = 3;
  ended.leftover_processes = 4;
  ended.empty = ended.hit_pids = ended.hit_disk = true;
  ended.hit_memory = ended.hit_cpu = true;

  v1::FromRunner expected;
  v1::Ended& frame = *expected.mutable_ended();
  frame.set_process(kMax);
  frame.set_cause(v1::Ended::CAUSE_NOT_STARTED);
  frame.set_exit_code(255);
  frame.set_signal(64);
  frame.set_reason("BAD_CWD");
  frame.set_message("text");
  frame.set_cpu_time_us(1);
  frame.set_peak_memory_bytes(1ULL << 40);
  frame.set_wall_time_us(3);
  frame.set_leftover_processes(4);
  frame.set_empty(true);
  frame.set_hit_pids(true);
  frame.set_hit_disk(true);
  frame.set_hit_memory(true);
  frame.set_hit_cpu(true);
  EXPECT_TRUE(MessageDifferencer::Equals(Encode(ended), expected));
}

TEST(WireEncodeTest, OtherFramesHaveEveryField) {
  EXPECT_EQ(Encode(Ready{1, true}).ready().protocol_version(), 1U);
  EXPECT_TRUE(Encode(Ready{1, true}).ready().is_init());
  EXPECT_EQ(Encode(Started{300}).started().process(), 300U);
  const std::string data(70'000, '\xff');
  const v1::FromRunner output = Encode(OutputChunk{2, 1, data});
  EXPECT_EQ(output.output_chunk().process(), 2U);
  EXPECT_EQ(output.output_chunk().stream(), 1U);
  EXPECT_EQ(output.output_chunk().data(), data);
  EXPECT_EQ(Encode(StdinCredit{3, 4}).stdin_credit().process(), 3U);
  EXPECT_EQ(Encode(StdinCredit{3, 4}).stdin_credit().limit_bytes(), 4U);
  EXPECT_EQ(Encode(Pong{kMax}).pong().sequence(), kMax);
  EXPECT_EQ(Encode(ProtocolError{"why"}).protocol_error().message(), "why");
}

TEST(WireEncodeTest, DefaultsStillMakeTheFrame) {
  EXPECT_EQ(Encode(Pong{0}).frame_case(), v1::FromRunner::kPong);
}

}  // namespace
}  // namespace airlock::runner
