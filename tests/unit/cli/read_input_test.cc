#include "services/cli/run/read_input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "services/cli/run/write_fully.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

// Both ends of a pipe.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(fds_, O_CLOEXEC), 0); }
  ~Pipe() {
    close(fds_[0]);
    CloseWriter();
  }
  int reader() const { return fds_[0]; }
  int writer() const { return fds_[1]; }
  void CloseWriter() {
    if (fds_[1] >= 0) close(fds_[1]);
    fds_[1] = -1;
  }

 private:
  int fds_[2] = {-1, -1};
};

TEST(ReadToEndTest, EverythingIsRead) {
  Pipe pipe;
  const std::string sent(300000, 'x');
  std::thread writer([&] {
    EXPECT_THAT(WriteFully(pipe.writer(), sent), IsOk());
    pipe.CloseWriter();
  });

  const auto got = ReadToEnd(pipe.reader(), kMaxInputBytes, [] {});

  writer.join();
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(*got, sent);
}

TEST(ReadToEndTest, TooMuchIsRefused) {
  Pipe pipe;
  ASSERT_THAT(WriteFully(pipe.writer(), "12345"), IsOk());
  pipe.CloseWriter();

  EXPECT_THAT(ReadToEnd(pipe.reader(), 4, [] {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("at most 4 bytes")));
}

TEST(IsFedTest, PipesAreAndDevNullIsNot) {
  Pipe pipe;
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

  EXPECT_TRUE(IsFed(pipe.reader()));
  EXPECT_FALSE(IsFed(null));
  EXPECT_FALSE(IsFed(-1));

  close(null);
}

}  // namespace
}  // namespace airlock::cli
