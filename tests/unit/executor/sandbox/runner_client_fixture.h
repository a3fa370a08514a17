// A RunnerClient whose runner says whatever a test likes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "airlock/runner/v1/runner.pb.h"
#include "services/executor/sandbox/runner_client.h"
#include "tests/support/fake_clock.h"
#include "tests/support/recording_observer.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {

// What the stream and the test share: the stream may go first.
struct Wire {
  std::shared_ptr<ByteStreamObserver> observer;
  std::string written;
  bool closed = false;
};

// Keeps what is written; delivers nothing by itself.
class FakeByteStream final : public ByteStream {
 public:
  explicit FakeByteStream(std::shared_ptr<Wire> wire)
      : wire_(std::move(wire)) {}
  ~FakeByteStream() override { Close(); }

  void Start(std::shared_ptr<ByteStreamObserver> observer) override {
    wire_->observer = std::move(observer);
  }
  void Write(std::string data) override { wire_->written += data; }
  void Close() override {
    wire_->closed = true;
    const std::shared_ptr<ByteStreamObserver> observer =
        std::exchange(wire_->observer, nullptr);
    if (observer) observer->OnClosed(absl::OkStatus());
  }

 private:
  const std::shared_ptr<Wire> wire_;
};

class RunnerClientTest : public testing::Test {
 protected:
  RunnerClientTest()
      : client_(std::make_unique<RunnerClient>(
            std::make_unique<FakeByteStream>(wire_), clock_)) {}

  void Say(const runner::v1::FromRunner& message) {
    const std::shared_ptr<ByteStreamObserver> observer = wire_->observer;
    if (!observer) return;
    const std::string body = message.SerializeAsString();
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<char>((body.size() >> shift) & 0xff));
    }
    observer->OnData(frame + body);
  }

  void SayReady(bool is_init = true, std::uint32_t version = 1) {
    runner::v1::FromRunner message;
    message.mutable_ready()->set_protocol_version(version);
    message.mutable_ready()->set_is_init(is_init);
    Say(message);
  }

  void SayStarted(std::uint64_t process = 1) {
    runner::v1::FromRunner message;
    message.mutable_started()->set_process(process);
    Say(message);
  }

  void SayOutput(const std::string& data, std::uint32_t stream = 1,
                 std::uint64_t process = 1) {
    runner::v1::FromRunner message;
    message.mutable_output_chunk()->set_process(process);
    message.mutable_output_chunk()->set_stream(stream);
    message.mutable_output_chunk()->set_data(data);
    Say(message);
  }

  void SayEnded(
      runner::v1::Ended::Cause cause = runner::v1::Ended::CAUSE_EXITED,
      int exit_code = 0, std::uint64_t process = 1) {
    runner::v1::FromRunner message;
    message.mutable_ended()->set_process(process);
    message.mutable_ended()->set_cause(cause);
    message.mutable_ended()->set_exit_code(exit_code);
    Say(message);
  }

  // What was written since the last call, as messages.
  std::vector<runner::v1::ToRunner> Heard() {
    std::vector<runner::v1::ToRunner> messages;
    absl::string_view rest = wire_->written;
    while (rest.size() >= 4) {
      std::size_t size = 0;
      for (int i = 0; i < 4; ++i) {
        size = size << 8 | static_cast<unsigned char>(rest[i]);
      }
      rest.remove_prefix(4);
      messages.emplace_back();
      EXPECT_TRUE(
          messages.back().ParseFromArray(rest.data(), static_cast<int>(size)));
      rest.remove_prefix(size);
    }
    wire_->written.clear();
    return messages;
  }

  static ProcessSpec TrueCommand() {
    ProcessSpec spec;
    spec.argv = {"true"};
    spec.timeout = absl::Seconds(10);
    spec.output_credit_bytes = 100;
    return spec;
  }

  // A client with a started process.
  void BeginProcess(ProcessSpec spec = TrueCommand()) {
    SayReady();
    process_ = client_->Run(std::move(spec), observer_);
    SayStarted();
    ASSERT_EQ(observer_->starts(), 1);
  }

  ProcessEnd End() { return observer_->WaitEnd(absl::ZeroDuration()).value(); }

  // Expects that the connection is broken for what the runner said.
  void ExpectBroken(const std::string& why) {
    ASSERT_EQ(observer_->ends(), 1) << why;
    EXPECT_EQ(End().ended_by, EndedBy::kSandboxFailed);
    EXPECT_EQ(End().reason, "RUNNER_PROTOCOL");
    EXPECT_THAT(End().message, testing::HasSubstr(why));
    EXPECT_FALSE(End().empty);
    EXPECT_TRUE(wire_->closed);
  }

  FakeClock clock_;
  std::shared_ptr<Wire> wire_ = std::make_shared<Wire>();
  std::shared_ptr<RecordingObserver> observer_ =
      std::make_shared<RecordingObserver>();
  std::unique_ptr<RunnerClient> client_;
  // Of BeginProcess().
  std::shared_ptr<SandboxProcess> process_;
};

}  // namespace airlock::executor
