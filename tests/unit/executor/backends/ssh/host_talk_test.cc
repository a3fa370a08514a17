#include "services/executor/backends/ssh/host_talk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/sandbox/frame_codec.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using runner::v1::FromHost;
using runner::v1::ToHost;
using testing::HasSubstr;
using testing::IsEmpty;

class Listener final : public ByteStreamObserver {
 public:
  void OnData(absl::string_view data) override {
    absl::StrAppend(&data_, data);
  }
  void OnDiagnostic(absl::string_view text) override {
    absl::StrAppend(&text_, text);
  }
  void OnClosed(const absl::Status& status) override { closed_ = status; }

  std::string data_;
  std::string text_;
  std::optional<absl::Status> closed_;
};

class HostTalkTest : public testing::Test {
 protected:
  // What the executor writes, as messages.
  std::vector<ToHost> Written() {
    std::vector<ToHost> all;
    MessageDecoder<ToHost> decoder;
    while (true) {
      const std::string next = talk_->NextToWrite();
      if (next.empty()) return all;
      EXPECT_THAT(decoder.Feed(next,
                               [&all](const ToHost& message) {
                                 all.push_back(message);
                                 return absl::OkStatus();
                               }),
                  IsOk());
    }
  }

  absl::Status Say(const FromHost& message) {
    std::string frame;
    EXPECT_THAT(AppendFrame(message, frame), IsOk());
    return talk_->Receive(frame);
  }

  absl::Status Welcome(std::uint64_t received = 0,
                       const std::string& host = "host-1") {
    FromHost message;
    message.mutable_welcome()->set_protocol_version(1);
    message.mutable_welcome()->set_host(host);
    message.mutable_welcome()->set_received(received);
    return Say(message);
  }

  absl::Status Refuse(const std::string& reason, std::uint32_t removed = 0) {
    FromHost message;
    message.mutable_refused()->set_reason(reason);
    message.mutable_refused()->set_message("because");
    message.mutable_refused()->set_removed_cells(removed);
    return Say(message);
  }

  absl::Status Data(std::uint64_t cell, const std::string& data) {
    FromHost message;
    message.mutable_cell_data()->set_cell(cell);
    message.mutable_cell_data()->set_data(data);
    return Say(message);
  }

  absl::Status Acknowledge(std::uint64_t received) {
    FromHost message;
    message.mutable_ack()->set_received(received);
    return Say(message);
  }

  absl::Status EndCell(std::uint64_t cell, bool out_of_memory = false) {
    FromHost message;
    message.mutable_cell_ended()->set_cell(cell);
    message.mutable_cell_ended()->set_reason("RUNNER_EXITED");
    message.mutable_cell_ended()->set_message("it ended");
    message.mutable_cell_ended()->set_out_of_memory(out_of_memory);
    return Say(message);
  }

  // A connection on which both said hello; what was written is taken.
  void Connect() {
    talk_->Begin();
    ASSERT_THAT(Welcome(), IsOk());
    Written();
  }

  std::shared_ptr<Cell> OpenHeard() {
    auto cell = talk_->Open({});
    cell->SetObserver(listener_);
    return cell;
  }

  FakeClock clock_;
  int wakes_ = 0;
  std::shared_ptr<HostTalk> talk_ = std::make_shared<HostTalk>(
      "boot-1", [this] { ++wakes_; }, clock_);
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
};

TEST_F(HostTalkTest, HelloComesFirstAndNothingElseBeforeWelcome) {
  talk_->Begin();
  OpenHeard();

  const auto before = Written();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].hello().boot(), "boot-1");
  EXPECT_EQ(before[0].hello().host(), "");
  ASSERT_THAT(Welcome(), IsOk());

  const auto after = Written();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].open_cell().cell(), 1U);
}

TEST_F(HostTalkTest, DataGoesToItsCell) {
  Connect();
  const auto first = OpenHeard();
  const auto other = talk_->Open({});

  ASSERT_THAT(Data(first->number(), "one"), IsOk());
  ASSERT_THAT(Data(other->number(), "two"), IsOk());

  EXPECT_EQ(listener_->data_, "one");
}

TEST_F(HostTalkTest, WhatIsSaidBeforeAnybodyListensIsHeard) {
  Connect();
  const auto cell = talk_->Open({});
  ASSERT_THAT(Data(1, "hello"), IsOk());

  cell->SetObserver(listener_);
  ASSERT_THAT(Data(1, " again"), IsOk());

  EXPECT_EQ(listener_->data_, "hello again");
}

TEST_F(HostTalkTest, AnEndBeforeAnybodyListensIsToldWithItsReason) {
  Connect();
  const auto cell = talk_->Open({});
  ASSERT_THAT(Data(1, "hello"), IsOk());
  ASSERT_THAT(EndCell(1), IsOk());

  cell->SetObserver(listener_);

  EXPECT_EQ(listener_->data_, "hello");
  EXPECT_THAT(listener_->closed_.value_or(absl::OkStatus()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("it ended")));
}

TEST_F(HostTalkTest, WhatNobodyListensToIsBounded) {
  Connect();
  const auto cell = talk_->Open({});
  const std::string piece(60'000, 'x');
  ASSERT_THAT(Data(1, piece), IsOk());
  ASSERT_THAT(Data(1, piece), IsOk());
  ASSERT_THAT(Data(1, "more"), IsOk());

  cell->SetObserver(listener_);

  EXPECT_EQ(listener_->data_, piece);
  EXPECT_THAT(
      listener_->closed_.value_or(absl::OkStatus()),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("said too much")));
}

TEST_F(HostTalkTest, AfterABreakWhatTheHostLacksIsSentAgain) {
  Connect();
  const auto cell = OpenHeard();
  talk_->SendData(cell, "a");
  talk_->SendData(cell, "b");
  ASSERT_EQ(Written().size(), 3U);
  ASSERT_THAT(Data(cell->number(), "x"), IsOk());

  talk_->Begin();
  const auto hello = Written();
  ASSERT_EQ(hello.size(), 1U);
  EXPECT_EQ(hello[0].hello().host(), "host-1");
  EXPECT_EQ(hello[0].hello().received(), 1U);
  ASSERT_THAT(Welcome(/*received=*/2), IsOk());

  const auto again = Written();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].cell_data().data(), "b");
  EXPECT_FALSE(listener_->closed_.has_value());
}

TEST_F(HostTalkTest, AnotherHostInPlaceOfTheOneThatIsKnownIsRefused) {
  Connect();
  talk_->Begin();

  EXPECT_THAT(Welcome(0, "host-2"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(HostTalkTest, AHostThatIsNoMoreTakesItsCellsWithIt) {
  Connect();
  const auto cell = OpenHeard();
  talk_->Begin();

  const absl::Status refused = Refuse("OTHER_HOST");

  EXPECT_EQ(ErrorReason(refused), "HOST_RENEWED");
  ASSERT_TRUE(listener_->closed_.has_value());
  EXPECT_FALSE(cell->end().has_value());
  EXPECT_TRUE(cell->WaitFinished(absl::InfinitePast()));
  talk_->Begin();
  EXPECT_EQ(Written().at(0).hello().host(), "");
  EXPECT_THAT(Welcome(0, "host-2"), IsOk());
}

TEST_F(HostTalkTest, CellsOfAnOlderBootAreCounted) {
  talk_->Begin();

  EXPECT_EQ(ErrorReason(Refuse("OTHER_BOOT", 3)), "HOST_RENEWED");

  EXPECT_EQ(talk_->TakeRemovedCells(), 3);
  EXPECT_EQ(talk_->TakeRemovedCells(), 0);
}

TEST_F(HostTalkTest, AHostMayCountAnything) {
  for (int i = 0; i < 3; ++i) {
    talk_->Begin();
    EXPECT_EQ(ErrorReason(Refuse("OTHER_BOOT", 0xffffffffU)), "HOST_RENEWED");
  }

  EXPECT_EQ(talk_->TakeRemovedCells(), 1'000'000);
}

TEST_F(HostTalkTest, ACellEndsForAReasonThatIsKnown) {
  Connect();
  const auto cell = OpenHeard();
  FromHost message;
  message.mutable_cell_ended()->set_cell(cell->number());
  message.mutable_cell_ended()->set_reason("APPROVED");

  EXPECT_THAT(Say(message), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(cell->end().has_value());
}

TEST_F(HostTalkTest, OneAckWaitsForAHostThatDoesNotRead) {
  Connect();
  const auto cell = OpenHeard();
  Written();
  for (int i = 0; i < 9; ++i) {
    ASSERT_THAT(Data(cell->number(), std::string(300'000, 'x')), IsOk());
    EXPECT_TRUE(talk_->Tick());
  }

  const auto written = Written();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].ack().received(), 9U);
}

TEST_F(HostTalkTest, TheEndOfACellIsToldOnce) {
  Connect();
  const auto cell = OpenHeard();

  ASSERT_THAT(EndCell(cell->number(), /*out_of_memory=*/true), IsOk());

  ASSERT_TRUE(cell->end().has_value());
  EXPECT_TRUE(cell->end()->out_of_memory);
  EXPECT_EQ(cell->end()->reason, "RUNNER_EXITED");
  EXPECT_THAT(EndCell(cell->number()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(HostTalkTest, WhatNoHostCanSayBreaksTheConnection) {
  constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  talk_->Begin();
  EXPECT_THAT(Data(1, "before Welcome"), StatusIs(kDataLoss));

  const auto after_welcome = [this](const auto& say) {
    talk_->Begin();
    EXPECT_THAT(Welcome(), IsOk());
    return say();
  };
  EXPECT_THAT(after_welcome([this] { return Welcome(); }), StatusIs(kDataLoss));
  EXPECT_THAT(after_welcome([this] { return Data(7, "of no cell"); }),
              StatusIs(kDataLoss));
  EXPECT_THAT(after_welcome([this] { return Acknowledge(1); }),
              StatusIs(kDataLoss));

  talk_->Begin();
  EXPECT_THAT(Welcome(/*received=*/5), StatusIs(kDataLoss));
}

TEST_F(HostTalkTest, ReceivedBytesAreAcknowledgedInTime) {
  Connect();
  const auto cell = OpenHeard();
  Written();
  const std::string piece(100'000, 'x');
  ASSERT_THAT(Data(cell->number(), piece), IsOk());
  ASSERT_THAT(Data(cell->number(), piece), IsOk());
  EXPECT_THAT(Written(), IsEmpty());

  ASSERT_THAT(Data(cell->number(), piece), IsOk());

  const auto written = Written();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].ack().received(), 3U);
}

TEST_F(HostTalkTest, SilenceIsNoticed) {
  Connect();
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(talk_->Tick());
  clock_.Advance(absl::Seconds(2));
  EXPECT_FALSE(talk_->Tick());

  ASSERT_THAT(Acknowledge(0), IsOk());
  EXPECT_TRUE(talk_->Tick());
}

TEST_F(HostTalkTest, ACellWhoseDataNobodyTakesIsLost) {
  Connect();
  const auto cell = OpenHeard();
  const std::string piece(std::size_t{16} << 20U, 'x');
  for (int i = 0; i < 5; ++i) talk_->SendData(cell, piece);

  ASSERT_TRUE(listener_->closed_.has_value());
  EXPECT_THAT(*listener_->closed_,
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Written().back().close_cell().cell(), cell->number());
  EXPECT_FALSE(cell->WaitFinished(absl::InfinitePast()));
  ASSERT_THAT(EndCell(cell->number()), IsOk());
  EXPECT_TRUE(cell->WaitFinished(absl::InfinitePast()));
}

TEST_F(HostTalkTest, ACellIsClosedOnce) {
  Connect();
  const auto cell = OpenHeard();
  Written();
  {
    const auto stream = MakeCellStream(cell, talk_);
    stream->Close();
  }

  const auto written = Written();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0].close_cell().cell(), cell->number());
}

TEST_F(HostTalkTest, WhatAHostSaysIsEscaped) {
  Connect();
  const auto cell = OpenHeard();
  FromHost message;
  message.mutable_cell_ended()->set_cell(cell->number());
  message.mutable_cell_ended()->set_reason("CLOSED");
  message.mutable_cell_ended()->set_message("red \x1b[31m");
  ASSERT_THAT(Say(message), IsOk());

  EXPECT_EQ(cell->end()->message.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace airlock::executor
