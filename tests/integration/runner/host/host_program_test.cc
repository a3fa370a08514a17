// What a host program does with executors that come, go, and lie.
#include <gmock/gmock.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/runner/host/host_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using v1::FromHost;
using v1::ToHost;

constexpr std::array<timespec, 2> kLongAgo{timespec{1'000'000, 0},
                                           timespec{1'000'000, 0}};

class HostFilesTest : public HostProgramTest {
 protected:
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  // Those that are there once the host has left. The lock is not looked at,
  // which would make its file.
  std::vector<std::string> NamesAfter(const Line& line) const {
    ToHost message;
    message.mutable_leave();
    line.Say(message);
    const absl::Time deadline = absl::Now() + kPatience;
    const auto is_there = [this](const char* name) {
      return std::filesystem::exists(directory_ / name);
    };
    while (is_there("test.sock") && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    // The socket goes first, the rest right after it.
    absl::SleepFor(absl::Milliseconds(200));
    return Names();
  }
};

TEST_F(HostProgramTest, OneIsStartedForAllLines) {
  std::string first;
  std::string second;
  const auto line = Welcomed(&first);
  const auto other = Welcomed(&second);

  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, second);
}

TEST_F(HostProgramTest, ItsFolderMayHaveALongPath) {
  const std::string folder = directory_ / std::string(200, 'x');
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  Line line(folder, kNoCgroup);
  line.SayHello("boot-1");

  EXPECT_TRUE(line.Hear().value_or(FromHost()).has_welcome());
  EXPECT_EQ(::access((folder + "/test.sock").c_str(), F_OK), 0);
  ToHost message;
  message.mutable_leave();
  line.Say(message);
  EXPECT_TRUE(IsGoneSoon(folder));
}

TEST_F(HostProgramTest, WhatItCannotEnforceIsTold) {
  const auto line = NewLine();
  line->SayHello("boot-1");

  const auto heard = line->Hear();

  ASSERT_TRUE(heard.has_value());
  std::string all;
  for (const std::string& text : heard->welcome().not_enforced()) all += text;
  EXPECT_THAT(all, HasSubstr("memory"));
  EXPECT_THAT(all, HasSubstr("pids"));
}

TEST_F(HostProgramTest, ACellWithoutItsLimitsIsRefused) {
  const auto line = Welcomed();
  line->Say(Open(1));

  const auto heard = line->Hear();

  ASSERT_TRUE(heard.has_value());
  EXPECT_EQ(heard->cell_ended().cell(), 1U);
  EXPECT_EQ(heard->cell_ended().reason(), "LIMITS_NOT_ENFORCED");
}

TEST_F(HostProgramTest, TheFirstFrameMustBeHello) {
  const auto line = NewLine();
  line->Say(Open(1));

  EXPECT_EQ(line->HearRefusal(), "PROTOCOL_BROKEN");
  EXPECT_FALSE(line->Hear().has_value());
}

TEST_F(HostProgramTest, AnotherProtocolIsRefused) {
  const auto line = NewLine();
  line->SayHello("boot-1", "", 0, /*protocol_version=*/2);

  EXPECT_EQ(line->HearRefusal(), "PROTOCOL_VERSION");
}

TEST_F(HostProgramTest, AnotherBootEndsTheHost) {
  const auto line = Welcomed();
  const auto other = NewLine();
  other->SayHello("boot-2");

  EXPECT_EQ(other->HearRefusal(), "OTHER_BOOT");
  EXPECT_TRUE(IsGoneSoon());
  EXPECT_FALSE(line->Hear().has_value());
}

TEST_F(HostProgramTest, AnExecutorThatForgotItEndsIt) {
  const auto line = Welcomed();
  line->Say(Open(1));
  ASSERT_TRUE(line->Hear().has_value());
  const auto other = NewLine();
  other->SayHello("boot-1");

  EXPECT_EQ(other->HearRefusal(), "OTHER_BOOT");
  EXPECT_TRUE(IsGoneSoon());
}

TEST_F(HostProgramTest, WhoKnowsAnotherHostIsToldSo) {
  const auto line = NewLine();
  line->SayHello("boot-1", "the-one-before");

  EXPECT_EQ(line->HearRefusal(), "OTHER_HOST");
}

TEST_F(HostProgramTest, ANewLineTakesTheOldOnesPlace) {
  std::string host;
  const auto line = Welcomed(&host);
  line->Say(Open(1));
  ASSERT_TRUE(line->Hear().has_value());

  const auto other = NewLine();
  other->SayHello("boot-1", host, /*received=*/0);

  EXPECT_EQ(other->Hear().value_or(FromHost()).welcome().received(), 1U);
  // What the old one may not have received comes again.
  EXPECT_EQ(other->Hear().value_or(FromHost()).cell_ended().cell(), 1U);
  EXPECT_FALSE(line->Hear().has_value());
}

TEST_F(HostProgramTest, WhatWasReceivedDoesNotComeAgain) {
  std::string host;
  const auto line = Welcomed(&host);
  line->Say(Open(1));
  ASSERT_TRUE(line->Hear().has_value());

  const auto other = NewLine();
  other->SayHello("boot-1", host, /*received=*/1);
  ASSERT_TRUE(other->Hear().value_or(FromHost()).has_welcome());
  other->Say(Open(2));

  EXPECT_EQ(other->Hear().value_or(FromHost()).cell_ended().cell(), 2U);
}

TEST_F(HostProgramTest, NobodyHasReceivedWhatWasNotSent) {
  std::string host;
  const auto line = Welcomed(&host);
  const auto other = NewLine();
  other->SayHello("boot-1", host, /*received=*/7);

  EXPECT_EQ(other->HearRefusal(), "PROTOCOL_BROKEN");
}

TEST_F(HostProgramTest, ABrokenProtocolEndsTheHost) {
  ToHost data_of_no_cell;
  data_of_no_cell.mutable_cell_data()->set_cell(9);
  ToHost hello;
  hello.mutable_hello()->set_boot("boot-1");
  ToHost ack;
  ack.mutable_ack()->set_received(99);
  ToHost without_limit = Open(1);
  without_limit.mutable_open_cell()->set_memory_bytes(0);
  for (const ToHost& message :
       {data_of_no_cell, hello, ack, without_limit, ToHost()}) {
    const auto line = Welcomed();
    line->Say(message);

    EXPECT_EQ(line->HearRefusal(), "PROTOCOL_BROKEN")
        << message.ShortDebugString();
    EXPECT_TRUE(IsGoneSoon());
  }
}

TEST_F(HostProgramTest, ANumberOfACellIsNotUsedTwice) {
  const auto line = Welcomed();
  line->Say(Open(1));
  ASSERT_TRUE(line->Hear().has_value());
  line->Say(Open(1));

  EXPECT_EQ(line->HearRefusal(), "PROTOCOL_BROKEN");
}

TEST_F(HostProgramTest, AFrameThatIsTooLongEndsTheLine) {
  const auto line = Welcomed();
  line->Write("\xff\xff\xff\xff");

  EXPECT_FALSE(line->Hear().has_value());
}

TEST_F(HostProgramTest, LeaveEndsTheHost) {
  const auto line = Welcomed();
  ToHost message;
  message.mutable_leave();
  line->Say(message);

  EXPECT_TRUE(IsGoneSoon());
}

TEST_F(HostFilesTest, NothingOfAHostThatLeftStays) {
  const auto line = Welcomed();
  EXPECT_THAT(Names(),
              UnorderedElementsAre("test.lock", "test.log", "test.sock"));

  EXPECT_THAT(NamesAfter(*line), IsEmpty());
}

TEST_F(HostFilesTest, WhatAHostComplainedOfStaysWhenItLeaves) {
  const auto line = Welcomed();
  std::ofstream(directory_ / "test.log") << "something odd\n";

  EXPECT_THAT(NamesAfter(*line), UnorderedElementsAre("test.lock", "test.log"));
}

TEST_F(HostFilesTest, AHostThatStartsSweepsWhatDeadOnesLeft) {
  for (const char* name : {"dead.lock", "dead.log", "dead.sock"}) {
    std::ofstream(directory_ / name) << "";
    ::utimensat(AT_FDCWD, (directory_ / name).c_str(), kLongAgo.data(), 0);
  }

  const auto line = Welcomed();

  EXPECT_THAT(Names(),
              UnorderedElementsAre("test.lock", "test.log", "test.sock"));
}

TEST_F(HostProgramTest, SilenceEndsTheHost) {
  const auto line = Welcomed();

  EXPECT_TRUE(IsGoneSoon());
}

}  // namespace
}  // namespace airlock::runner
