#include "services/executor/backends/ssh/connection/socket_reads.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace airlock::executor {
namespace {

class SocketReadsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()),
              0);
  }
  void TearDown() override {
    for (const int end : ends_) close(end);
  }

  void Say(const std::string& text) const {
    ASSERT_EQ(write(ends_[1], text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }
  ssize_t Read(std::size_t size = 1) {
    std::array<char, 100> buffer{};
    return reads_.Read(ends_[0], buffer.data(), size, 0);
  }

  std::array<int, 2> ends_{-1, -1};
  SocketReads reads_;
};

TEST_F(SocketReadsTest, ATurnEndsWhileThereIsMore) {
  Say(std::string(100, 'x'));
  for (int i = 0; i < SocketReads::kMost; ++i) EXPECT_EQ(Read(), 1);

  EXPECT_EQ(Read(), -EAGAIN);
  EXPECT_EQ(Read(), -EAGAIN);

  reads_.BeginTurn();
  EXPECT_EQ(Read(), 1);
}

TEST_F(SocketReadsTest, NothingAndTheEndAreTold) {
  EXPECT_EQ(Read(), -EAGAIN);
  shutdown(ends_[1], SHUT_WR);
  EXPECT_EQ(Read(), 0);
}

TEST_F(SocketReadsTest, AfterItsEndNothingIsRead) {
  Say("more");
  reads_.End();

  EXPECT_EQ(Read(), 0);
}

TEST_F(SocketReadsTest, AnErrorIsItsNumber) {
  std::array<char, 1> buffer{};
  EXPECT_EQ(reads_.Read(-1, buffer.data(), 1, 0), -EBADF);
}

}  // namespace
}  // namespace airlock::executor
