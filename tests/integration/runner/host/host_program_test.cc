// What a host program does with executors that come, go, and lie.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/host.pb.h"
#include "services/executor/sandbox/frame_codec.h"
#include "services/runner/host/door.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {
namespace {

using executor::MessageDecoder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using v1::FromHost;
using v1::ToHost;

constexpr std::array<timespec, 2> kLongAgo{timespec{1'000'000, 0},
                                           timespec{1'000'000, 0}};
constexpr absl::Duration kPatience = absl::Seconds(20);

// `airlock-runner line`, as sshd would run it.
class Line {
 public:
  explicit Line(const std::string& folder) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 ||
        ::pipe2(out.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipes");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<std::string> words{
        AIRLOCK_RUNNER, "line", "--executor", "test",
        "--state",      folder, "--cgroup",   "airlock-nobody-made-this"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawn(&pid_, AIRLOCK_RUNNER, &actions, nullptr, argv.data(),
                      environ) != 0) {
      throw std::runtime_error("the runner does not start");
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Line() {
    ::close(to_);
    ::close(from_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Say(const ToHost& message) const {
    std::string frame;
    ASSERT_THAT(executor::AppendFrame(message, frame), IsOk());
    Write(frame);
  }
  void Write(const std::string& bytes) const {
    ASSERT_EQ(::write(to_, bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  // The next frame that is no Ack. Empty: the line was closed, or nothing came.
  std::optional<FromHost> Hear() {
    while (true) {
      if (!heard_.empty()) {
        FromHost first = heard_.front();
        heard_.erase(heard_.begin());
        if (!first.has_ack()) return first;
        continue;
      }
      if (!ReadSome()) return std::nullopt;
    }
  }

  void SayHello(const std::string& boot, const std::string& host = "",
                std::uint64_t received = 0,
                std::uint32_t protocol_version = 1) const {
    ToHost message;
    message.mutable_hello()->set_protocol_version(protocol_version);
    message.mutable_hello()->set_boot(boot);
    message.mutable_hello()->set_host(host);
    message.mutable_hello()->set_received(received);
    Say(message);
  }

  std::string HearRefusal() {
    const auto heard = Hear();
    return heard.has_value() ? heard->refused().reason() : "nothing";
  }

 private:
  bool ReadSome() {
    pollfd wait{from_, POLLIN, 0};
    if (::poll(&wait, 1,
               static_cast<int>(absl::ToInt64Milliseconds(kPatience))) != 1) {
      return false;
    }
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(from_, buffer.data(), buffer.size());
    if (count <= 0) return false;
    return decoder_
        .Feed({buffer.data(), static_cast<std::size_t>(count)},
              [this](const FromHost& message) {
                heard_.push_back(message);
                return absl::OkStatus();
              })
        .ok();
  }

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  MessageDecoder<FromHost> decoder_;
  std::vector<FromHost> heard_;
};

class HostProgramTest : public testing::Test {
 protected:
  HostProgramTest() { ::chmod(directory_.path().c_str(), 0700); }
  // Ends the host that may still be there, and waits for it.
  ~HostProgramTest() override {
    if (IsLocked()) {
      Line last(directory_.path());
      last.SayHello("the end");
      if (last.Hear().value_or(FromHost()).has_welcome()) {
        ToHost message;
        message.mutable_leave();
        last.Say(message);
        last.Hear();
      }
    }
    EXPECT_TRUE(IsGoneSoon()) << "a host was left behind";
  }

  std::unique_ptr<Line> NewLine() const {
    return std::make_unique<Line>(directory_.path());
  }

  // A line on which both said hello; `host` becomes the host's id.
  std::unique_ptr<Line> Welcomed(std::string* host = nullptr) const {
    auto line = NewLine();
    line->SayHello("boot-1");
    const auto heard = line->Hear();
    EXPECT_TRUE(heard.has_value() && heard->has_welcome());
    if (heard.has_value() && host != nullptr) *host = heard->welcome().host();
    return line;
  }

  bool IsLocked() const { return IsLocked(directory_.path()); }
  static bool IsLocked(const std::string& folder) {
    return !LockDoor({folder, "test"}).valid();
  }

  static ToHost Open(std::uint64_t cell) {
    ToHost message;
    v1::OpenCell& open = *message.mutable_open_cell();
    open.set_cell(cell);
    open.set_memory_bytes(64 << 20);
    open.set_cpu_millis(1000);
    open.set_pids(16);
    open.set_workspace_bytes(1 << 20);
    open.set_tmp_bytes(1 << 20);
    open.set_inodes(64);
    open.set_uid(65534);
    open.set_gid(65534);
    return message;
  }

  // Waits until the host is gone.
  bool IsGoneSoon() const { return IsGoneSoon(directory_.path()); }
  static bool IsGoneSoon(const std::string& folder) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (IsLocked(folder) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return !IsLocked(folder);
  }

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

  TemporaryDirectory directory_;
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
  Line line(folder);
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

TEST_F(HostProgramTest, NothingOfAHostThatLeftStays) {
  const auto line = Welcomed();
  EXPECT_THAT(Names(),
              UnorderedElementsAre("test.lock", "test.log", "test.sock"));

  EXPECT_THAT(NamesAfter(*line), IsEmpty());
}

TEST_F(HostProgramTest, WhatAHostComplainedOfStaysWhenItLeaves) {
  const auto line = Welcomed();
  std::ofstream(directory_ / "test.log") << "something odd\n";

  EXPECT_THAT(NamesAfter(*line), UnorderedElementsAre("test.lock", "test.log"));
}

TEST_F(HostProgramTest, AHostThatStartsSweepsWhatDeadOnesLeft) {
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
