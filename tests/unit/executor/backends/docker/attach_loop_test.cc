#include "services/executor/backends/docker/attach_loop.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

// A connection over a socket pair.
class SocketConnection final : public UpgradedConnection {
 public:
  explicit SocketConnection(int fd) : fd_(fd) {}
  ~SocketConnection() override { close(fd_); }

  int fd() const override { return fd_; }

  absl::StatusOr<std::size_t> Send(absl::string_view data) override {
    const ssize_t sent = send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN) return std::size_t{0};
    return absl::UnavailableError("send");
  }

  absl::StatusOr<std::optional<std::size_t>> Receive(
      char* buffer, std::size_t size) override {
    const ssize_t received = recv(fd_, buffer, size, 0);
    if (received >= 0) {
      return std::optional<std::size_t>(static_cast<std::size_t>(received));
    }
    if (errno == EAGAIN) return std::optional<std::size_t>();
    return absl::UnavailableError("recv");
  }

 private:
  const int fd_;
};

class Listener final : public ByteStreamObserver {
 public:
  void OnData(absl::string_view data) override {
    absl::MutexLock lock(&mutex_);
    data_.append(data.data(), data.size());
  }
  void OnDiagnostic(absl::string_view text) override {
    absl::MutexLock lock(&mutex_);
    diagnostic_.append(text.data(), text.size());
  }
  void OnClosed(const absl::Status& status) override {
    status_ = status;
    closed_.Notify();
  }

  bool WaitData(std::size_t size) {
    const auto enough = [this, size] { return data_.size() >= size; };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(20));
  }
  absl::Status WaitClosed() {
    EXPECT_TRUE(closed_.WaitForNotificationWithTimeout(absl::Seconds(20)));
    return status_;
  }
  std::string data() {
    absl::MutexLock lock(&mutex_);
    return data_;
  }
  std::string diagnostic() {
    absl::MutexLock lock(&mutex_);
    return diagnostic_;
  }

 private:
  absl::Mutex mutex_;
  std::string data_;
  std::string diagnostic_;
  absl::Notification closed_;
  absl::Status status_;
};

std::string Frame(char stream, const std::string& payload) {
  std::string frame{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(payload.size() >> shift & 0xffU));
  }
  return frame + payload;
}

class AttachLoopTest : public testing::Test {
 protected:
  AttachLoopTest() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EXPECT_EQ(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    engine_ = fds[1];
    stream_ = loop_->Adopt(std::make_unique<SocketConnection>(fds[0]));
  }
  ~AttachLoopTest() override { CloseEngine(); }

  void EngineSends(absl::string_view data) {
    while (!data.empty()) {
      const ssize_t sent =
          send(engine_, data.data(), data.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  std::string EngineReads(std::size_t size) {
    std::string data;
    std::string buffer(65536, '\0');
    while (data.size() < size) {
      const ssize_t got = recv(engine_, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      data.append(buffer, 0, static_cast<std::size_t>(got));
    }
    return data;
  }
  void CloseEngine() {
    if (engine_ >= 0) close(std::exchange(engine_, -1));
  }

  std::unique_ptr<AttachLoop> loop_ = std::make_unique<AttachLoop>();
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::unique_ptr<ByteStream> stream_;
  int engine_ = -1;
};

TEST_F(AttachLoopTest, OutputAndComplaintsAreKeptApart) {
  stream_->Start(listener_);
  EngineSends(Frame(2, "complaint") + Frame(1, "data"));

  ASSERT_TRUE(listener_->WaitData(4));
  EXPECT_EQ(listener_->data(), "data");
  EXPECT_EQ(listener_->diagnostic(), "complaint");
}

TEST_F(AttachLoopTest, MoreThanASocketHoldsIsSentInOrder) {
  stream_->Start(listener_);
  std::string all;
  for (int i = 0; i < 40; ++i) {
    std::string piece(50'000, static_cast<char>('a' + i % 26));
    all += piece;
    stream_->Write(std::move(piece));
  }

  EXPECT_TRUE(EngineReads(all.size()) == all);
}

TEST_F(AttachLoopTest, MuchIsReceivedWhole) {
  stream_->Start(listener_);
  const std::string payload(5'000'000, 'x');
  EngineSends(Frame(1, payload));

  ASSERT_TRUE(listener_->WaitData(payload.size()));
  EXPECT_TRUE(listener_->data() == payload);
}

TEST_F(AttachLoopTest, EndOfTheEngineClosesWell) {
  stream_->Start(listener_);
  EngineSends(Frame(1, "last words"));
  CloseEngine();

  EXPECT_THAT(listener_->WaitClosed(), IsOk());
  EXPECT_EQ(listener_->data(), "last words");
}

TEST_F(AttachLoopTest, EndWithinAFrameIsAnError) {
  stream_->Start(listener_);
  EngineSends(Frame(1, "cut").substr(0, 9));
  CloseEngine();

  EXPECT_THAT(listener_->WaitClosed(),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AttachLoopTest, MalformedStreamIsClosed) {
  stream_->Start(listener_);
  EngineSends("HTTP/1.1 500 no\r\n");

  EXPECT_THAT(listener_->WaitClosed(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(AttachLoopTest, CloseEndsTheConnection) {
  stream_->Start(listener_);

  stream_->Close();

  EXPECT_THAT(listener_->WaitClosed(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(EngineReads(1), "");
  stream_->Write("ignored");
  stream_->Close();
}

TEST_F(AttachLoopTest, DroppedStreamEndsTheConnection) {
  stream_->Start(listener_);

  stream_.reset();

  EXPECT_THAT(listener_->WaitClosed(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(AttachLoopTest, StreamMayOutliveTheLoop) {
  stream_->Start(listener_);

  loop_.reset();

  EXPECT_THAT(listener_->WaitClosed(), StatusIs(absl::StatusCode::kCancelled));
  stream_->Write("ignored");
  stream_->Close();
}

TEST_F(AttachLoopTest, StreamStartedAfterTheLoopIsClosedAtOnce) {
  loop_.reset();

  stream_->Start(listener_);

  EXPECT_THAT(listener_->WaitClosed(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace airlock::executor
