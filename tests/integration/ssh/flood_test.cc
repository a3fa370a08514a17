// Hosts that never stop to send what comes to nothing.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>

#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"
#include "tests/integration/ssh/loopback_listener.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

// Far longer than the deadline of who connects.
constexpr absl::Duration kFlood = absl::Seconds(15);

// Says `greeting` to one who comes and then `flood` again and again: until
// they leave, or for kFlood; then it hangs up.
class FloodServer {
 public:
  FloodServer(std::string greeting, std::string flood)
      : greeting_(std::move(greeting)),
        flood_(std::move(flood)),
        thread_([this] { Serve(); }) {}
  ~FloodServer() {
    listener_.ShutDown();
    thread_.join();
  }
  FloodServer(const FloodServer&) = delete;
  FloodServer& operator=(const FloodServer&) = delete;

  int port() const { return listener_.port(); }

 private:
  static bool Say(int fd, const std::string& text) {
    std::size_t said = 0;
    while (said < text.size()) {
      const ssize_t count =
          send(fd, text.data() + said, text.size() - said, MSG_NOSIGNAL);
      if (count <= 0) return false;
      said += static_cast<std::size_t>(count);
    }
    return true;
  }

  // Reads until the end: who waits for room would not be busy.
  static void Drop(int fd) {
    std::array<char, 65536> buffer{};
    while (read(fd, buffer.data(), buffer.size()) > 0) {
    }
  }

  void Serve() {
    const int fd = listener_.Accept();
    if (fd < 0) return;
    std::thread answers([fd] { Drop(fd); });
    const absl::Time end = absl::Now() + kFlood;
    bool there = Say(fd, greeting_);
    while (there && absl::Now() < end) there = Say(fd, flood_);
    shutdown(fd, SHUT_RDWR);
    answers.join();
    close(fd);
  }

  const LoopbackListener listener_;
  const std::string greeting_;
  const std::string flood_;
  std::thread thread_;
};

std::string Many(const std::string& piece) {
  std::string all;
  while (all.size() < (std::size_t{4} << 20U)) all += piece;
  return all;
}

absl::Status DialFlood(const FloodServer& server) {
  const TestSshd sshd;
  SshTarget target = sshd.Target();
  target.port = server.port();
  target.connect_timeout = absl::Milliseconds(500);
  return Dial(target).status();
}

TEST(SshFloodTest, RequestsThatWantAnswersDoNotOutlastTheDeadline) {
  // SSH_MSG_GLOBAL_REQUEST: length, padding's length, type, a name of one
  // letter, "want reply", padding. Each costs more than it cost the host.
  const std::string request("\0\0\0\x0c\x04\x50\0\0\0\x01x\x01....", 16);
  const FloodServer server("SSH-2.0-flood\r\n", Many(request));

  const absl::Status status = DialFlood(server);

  EXPECT_EQ(ErrorReason(status), "SSH_TIMEOUT") << status;
}

TEST(SshFloodTest, LinesBeforeTheGreetingDoNotOutlastTheDeadline) {
  const FloodServer server("", Many("welcome\r\n"));

  const absl::Status status = DialFlood(server);

  EXPECT_EQ(ErrorReason(status), "SSH_TIMEOUT") << status;
}

}  // namespace
}  // namespace airlock::executor
