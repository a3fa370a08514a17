// The host's hand-written codec against the protobuf library.
#include "services/runner/host/host_wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "airlock/runner/v1/host.pb.h"

namespace airlock::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

template <typename Frame>
Frame Decode(const std::string& bytes) {
  ToHost out;
  std::string error;
  EXPECT_TRUE(DecodeToHost(bytes, out, error)) << error;
  EXPECT_TRUE(std::holds_alternative<Frame>(out));
  return std::get<Frame>(out);
}

template <typename Frame>
v1::FromHost Encode(const Frame& frame) {
  const std::string bytes = EncodeFrame(frame);
  v1::FromHost message;
  EXPECT_TRUE(message.ParseFromString(bytes.substr(4)));
  return message;
}

TEST(HostWireTest, HelloHasEveryField) {
  v1::ToHost message;
  message.mutable_hello()->set_protocol_version(7);
  message.mutable_hello()->set_boot("boot");
  message.mutable_hello()->set_host("host");
  message.mutable_hello()->set_received(kMax);

  const auto hello = Decode<Hello>(message.SerializeAsString());

  EXPECT_EQ(hello.protocol_version, 7U);
  EXPECT_EQ(hello.boot, "boot");
  EXPECT_EQ(hello.host, "host");
  EXPECT_EQ(hello.received, kMax);
}

TEST(HostWireTest, OpenCellHasEveryField) {
  v1::ToHost message;
  v1::OpenCell& open = *message.mutable_open_cell();
  open.set_cell(1);
  open.set_memory_bytes(2);
  open.set_cpu_millis(3);
  open.set_pids(4);
  open.set_workspace_bytes(5);
  open.set_tmp_bytes(6);
  open.set_inodes(7);
  open.set_network(true);
  open.set_uid(8);
  open.set_gid(9);
  open.set_best_effort(true);

  const auto decoded = Decode<OpenCell>(message.SerializeAsString());

  EXPECT_EQ(decoded.cell, 1U);
  EXPECT_EQ(decoded.memory_bytes, 2U);
  EXPECT_EQ(decoded.cpu_millis, 3U);
  EXPECT_EQ(decoded.pids, 4U);
  EXPECT_EQ(decoded.workspace_bytes, 5U);
  EXPECT_EQ(decoded.tmp_bytes, 6U);
  EXPECT_EQ(decoded.inodes, 7U);
  EXPECT_TRUE(decoded.network);
  EXPECT_EQ(decoded.uid, 8U);
  EXPECT_EQ(decoded.gid, 9U);
  EXPECT_TRUE(decoded.best_effort);
}

TEST(HostWireTest, DataIsWhatWasSent) {
  const std::string data("a\0b", 3);
  v1::ToHost message;
  message.mutable_cell_data()->set_cell(5);
  message.mutable_cell_data()->set_data(data);
  const std::string bytes = message.SerializeAsString();

  const auto decoded = Decode<CellData>(bytes);

  EXPECT_EQ(decoded.cell, 5U);
  EXPECT_EQ(decoded.data, data);
}

TEST(HostWireTest, ShortFramesAreKnown) {
  v1::ToHost ack;
  ack.mutable_ack()->set_received(kMax);
  v1::ToHost close;
  close.mutable_close_cell()->set_cell(6);
  v1::ToHost leave;
  leave.mutable_leave();

  EXPECT_EQ(Decode<Ack>(ack.SerializeAsString()).received, kMax);
  EXPECT_EQ(Decode<CloseCell>(close.SerializeAsString()).cell, 6U);
  Decode<Leave>(leave.SerializeAsString());
}

TEST(HostWireTest, WhatIsNotKnownIsRefused) {
  ToHost out;
  std::string error;
  EXPECT_FALSE(DecodeToHost("", out, error));
  EXPECT_FALSE(DecodeToHost("\x7a\x00", out, error));
  v1::ToHost ack;
  ack.mutable_ack()->set_received(1);
  const std::string twice = ack.SerializeAsString() + ack.SerializeAsString();
  EXPECT_FALSE(DecodeToHost(twice, out, error));
  EXPECT_THAT(error, HasSubstr("second frame"));
}

TEST(HostWireTest, AnswersAreReadByTheLibrary) {
  const auto welcome = Encode(Welcome{1, "id", 4, {"pids: no", "cpu: no"}});
  EXPECT_EQ(welcome.welcome().protocol_version(), 1U);
  EXPECT_EQ(welcome.welcome().host(), "id");
  EXPECT_EQ(welcome.welcome().received(), 4U);
  EXPECT_THAT(welcome.welcome().not_enforced(),
              ElementsAre("pids: no", "cpu: no"));

  EXPECT_EQ(Encode(Ack{kMax}).ack().received(), kMax);

  const auto refused = Encode(Refused{"OTHER_BOOT", "why", 3});
  EXPECT_EQ(refused.refused().reason(), "OTHER_BOOT");
  EXPECT_EQ(refused.refused().message(), "why");
  EXPECT_EQ(refused.refused().removed_cells(), 3U);

  const auto data = Encode(CellData{2, "xyz"});
  EXPECT_EQ(data.cell_data().cell(), 2U);
  EXPECT_EQ(data.cell_data().data(), "xyz");

  const auto complaint = Encode(CellComplaint{2, "ouch"});
  EXPECT_EQ(complaint.cell_complaint().cell(), 2U);
  EXPECT_EQ(complaint.cell_complaint().text(), "ouch");

  const auto ended = Encode(CellEnded{9, "CLOSED", "asked", true});
  EXPECT_EQ(ended.cell_ended().cell(), 9U);
  EXPECT_EQ(ended.cell_ended().reason(), "CLOSED");
  EXPECT_EQ(ended.cell_ended().message(), "asked");
  EXPECT_TRUE(ended.cell_ended().out_of_memory());
}

}  // namespace
}  // namespace airlock::runner
