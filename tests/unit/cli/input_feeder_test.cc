#include "services/cli/run/input_feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"

namespace airlock::cli {
namespace {

using airlock::v1::WriteStdinRequest;
using airlock::v1::WriteStdinResponse;

// A process that takes three bytes at a time; errors stand in the way when told
// to.
class FakeInputWriter final : public InputWriter {
 public:
  absl::StatusOr<WriteStdinResponse> Write(
      const WriteStdinRequest& request) override {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    if (!errors_.empty()) {
      absl::Status error = errors_.front();
      errors_.pop_front();
      if (!error.ok()) return error;
    }
    if (blocks_) {
      mutex_.Await(absl::Condition(&cancelled_));
      return absl::CancelledError("given up");
    }
    EXPECT_LE(request.offset(), taken_.size());
    const std::string fresh = request.data().substr(std::min<std::size_t>(
        request.data().size(), taken_.size() - request.offset()));
    taken_ += fresh.substr(0, 3);
    closed_ = request.close() && fresh.size() <= 3;
    WriteStdinResponse response;
    response.set_next_offset(taken_.size());
    response.set_closed(closed_);
    return response;
  }

  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }

  void FailWith(std::deque<absl::Status> errors) {
    absl::MutexLock lock(&mutex_);
    errors_ = std::move(errors);
  }
  void TakeNothing() {
    absl::MutexLock lock(&mutex_);
    blocks_ = true;
  }
  void Take(const std::string& input) {
    absl::MutexLock lock(&mutex_);
    taken_ = input;
  }
  std::string AwaitClosed() {
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(
        mutex_.AwaitWithTimeout(absl::Condition(&closed_), absl::Seconds(30)));
    return taken_;
  }
  void AwaitCalls(int count) {
    const auto came = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return calls_ >= count;
    };
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(
        mutex_.AwaitWithTimeout(absl::Condition(&came), absl::Seconds(30)));
  }
  int calls() {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  absl::Mutex mutex_;
  std::string taken_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::Status> errors_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool blocks_ ABSL_GUARDED_BY(mutex_) = false;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

class InputFeederTest : public testing::Test {
 protected:
  InputFeederTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~InputFeederTest() override {
    CloseInput();
    close(ends_[0]);
  }

  void Write(const std::string& text) {
    EXPECT_EQ(write(ends_[1], text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  void CloseInput() {
    if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
  }

  InputFeeder::Options Options() const {
    return {.fd = ends_[0], .first_pause = absl::Milliseconds(1)};
  }

  std::array<int, 2> ends_ = {-1, -1};
  FakeInputWriter writer_;
  absl::Notification broken_;
  const std::function<void(const absl::Status&)> on_broken_ =
      [this](const absl::Status& /*error*/) { broken_.Notify(); };
};

TEST_F(InputFeederTest, AllIsOfferedUntilItWasTakenAndThenClosed) {
  InputFeeder feeder(Options(), writer_, on_broken_);

  feeder.Start("ex1");
  Write("0123456789");
  CloseInput();

  EXPECT_EQ(writer_.AwaitClosed(), "0123456789");
  EXPECT_FALSE(broken_.HasBeenNotified());
}

TEST_F(InputFeederTest, PassingErrorsAreTriedAgain) {
  writer_.FailWith({absl::UnavailableError(""), absl::OkStatus(),
                    absl::DeadlineExceededError(""), absl::AbortedError(""),
                    absl::ResourceExhaustedError(""), absl::OkStatus(),
                    absl::InternalError("")});
  InputFeeder feeder(Options(), writer_, on_broken_);

  feeder.Start("ex1");
  Write("0123456789");
  CloseInput();

  EXPECT_EQ(writer_.AwaitClosed(), "0123456789");
}

TEST_F(InputFeederTest, ProcessThatWantsNoMoreEndsItQuietly) {
  writer_.FailWith({absl::FailedPreconditionError("it has ended")});
  {
    InputFeeder feeder(Options(), writer_, on_broken_);
    feeder.Start("ex1");
    Write("0123");
    writer_.AwaitCalls(1);
  }

  EXPECT_EQ(writer_.calls(), 1);
  EXPECT_FALSE(broken_.HasBeenNotified());
}

TEST_F(InputFeederTest, RefusalIsTold) {
  writer_.FailWith({absl::InvalidArgumentError("no")});
  InputFeeder feeder(Options(), writer_, on_broken_);

  feeder.Start("ex1");
  Write("0123");

  EXPECT_TRUE(broken_.WaitForNotificationWithTimeout(absl::Seconds(30)));
}

TEST_F(InputFeederTest, StopsThoughInputStaysOpenAndNothingIsTaken) {
  {
    InputFeeder silent(Options(), writer_, on_broken_);
    silent.Start("ex1");
  }
  {
    FakeInputWriter stuck;
    stuck.TakeNothing();
    InputFeeder feeder(Options(), stuck, on_broken_);
    feeder.Start("ex1");
    Write("0123");
    stuck.AwaitCalls(1);
  }
  { const InputFeeder never_started(Options(), writer_, on_broken_); }

  EXPECT_FALSE(broken_.HasBeenNotified());
}

TEST_F(InputFeederTest, WhatAnEarlierRunGaveIsNotGivenTwice) {
  writer_.Take("012345");
  InputFeeder feeder(Options(), writer_, on_broken_);

  feeder.Start("ex1");
  Write("0123");
  writer_.AwaitCalls(1);
  Write("456789");
  CloseInput();

  EXPECT_EQ(writer_.AwaitClosed(), "0123456789");
}

TEST_F(InputFeederTest, SocketsAreReadToo) {
  std::array<int, 2> pair = {-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
  {
    InputFeeder feeder({.fd = pair[0]}, writer_, on_broken_);
    feeder.Start("ex1");
    ASSERT_EQ(write(pair[1], "abcde", 5), 5);
    close(pair[1]);
    EXPECT_EQ(writer_.AwaitClosed(), "abcde");
  }
  close(pair[0]);
}

}  // namespace
}  // namespace airlock::cli
