// The built runner as a host program, spoken to as an executor does.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/host.pb.h"
#include "services/executor/sandbox/frame_codec.h"
#include "services/runner/host/door.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::runner {

inline constexpr absl::Duration kPatience = absl::Seconds(20);
// The name of a control group that is not there.
inline constexpr const char* kNoCgroup = "airlock-nobody-made-this";

// `airlock-runner line`, as sshd would run it.
class Line {
 public:
  Line(const std::string& folder, const std::string& cgroup) {
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
    std::vector<std::string> words{AIRLOCK_RUNNER, "line",    "--executor",
                                   "test",         "--state", folder,
                                   "--cgroup",     cgroup};
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
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

  void Say(const v1::ToHost& message) const {
    std::string frame;
    ASSERT_THAT(executor::AppendFrame(message, frame), IsOk());
    Write(frame);
  }
  void Write(const std::string& bytes) const {
    ASSERT_EQ(::write(to_, bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  // The next frame that is no Ack. Empty: the line was closed, or nothing came.
  std::optional<v1::FromHost> Hear() {
    while (true) {
      if (!heard_.empty()) {
        v1::FromHost first = heard_.front();
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
    v1::ToHost message;
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
              [this](const v1::FromHost& message) {
                heard_.push_back(message);
                return absl::OkStatus();
              })
        .ok();
  }

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  executor::MessageDecoder<v1::FromHost> decoder_;
  std::vector<v1::FromHost> heard_;
};

class HostProgramTest : public testing::Test {
 protected:
  explicit HostProgramTest(std::string cgroup = kNoCgroup)
      : cgroup_name_(std::move(cgroup)) {
    ::chmod(directory_.path().c_str(), 0700);
  }
  // Ends the host that may still be there, and waits for it.
  void TearDown() override {
    if (IsLocked()) {
      Line last(directory_.path(), cgroup_name_);
      last.SayHello("the end");
      if (last.Hear().value_or(v1::FromHost()).has_welcome()) {
        v1::ToHost message;
        message.mutable_leave();
        last.Say(message);
        last.Hear();
      }
    }
    EXPECT_TRUE(IsGoneSoon()) << "a host was left behind";
  }

  std::unique_ptr<Line> NewLine() const {
    return std::make_unique<Line>(directory_.path(), cgroup_name_);
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

  static v1::ToHost Open(std::uint64_t cell) {
    v1::ToHost message;
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

  TemporaryDirectory directory_;

 private:
  const std::string cgroup_name_;
};

}  // namespace airlock::runner
