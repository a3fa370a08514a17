// A link to a host that does not come up, and its end.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/host_link.h"
#include "tests/integration/ssh/loopback_listener.h"
#include "tests/integration/ssh/ssh_test.h"
#include "tests/support/test_sshd.h"

namespace airlock::executor {
namespace {

const Clock& TestClock() {
  static const SystemClock clock;
  return clock;
}

// To `target`, with more patience than any test has.
std::unique_ptr<HostLink> MakeLink(SshTarget target) {
  HostLinkOptions options;
  options.target = std::move(target);
  options.target.connect_timeout = absl::Hours(1);
  options.runners = {{RunTool({"/usr/bin/uname", "-m"}), "/usr/bin/true"}};
  options.executor_id = "test";
  options.boot = "boot";
  return std::make_unique<HostLink>(std::move(options), TestClock());
}

// Whether the link goes although nobody answers it. `answer` makes it go if
// not.
template <typename Answer>
bool GoesByItself(std::unique_ptr<HostLink> link, Answer answer) {
  absl::Notification gone;
  std::thread shutdown([&link, &gone] {
    link.reset();
    gone.Notify();
  });
  const bool by_itself = gone.WaitForNotificationWithTimeout(absl::Seconds(20));
  answer();
  shutdown.join();
  return by_itself;
}

TEST(SshLinkTest, AHostThatDoesNotAnswerHoldsUpNoShutdown) {
  const TestSshd sshd;
  const LoopbackListener silent;
  SshTarget target = sshd.Target();
  target.port = silent.port();
  auto link = MakeLink(target);
  const int connection = silent.Accept();

  EXPECT_TRUE(GoesByItself(std::move(link), [&] { close(connection); }));
}

TEST(SshLinkTest, AShellThatDoesNotAnswerHoldsUpNoShutdown) {
  TestSshd sshd({.profile = "touch ~/came; sleep 1000\n"});
  auto link = MakeLink(sshd.Target());
  const absl::Time give_up = Soon();
  while (!std::filesystem::exists(sshd.home() + "/came")) {
    ASSERT_LT(absl::Now(), give_up);
    absl::SleepFor(absl::Milliseconds(5));
  }

  EXPECT_TRUE(GoesByItself(std::move(link), [&] { sshd.Stop(); }));
}

}  // namespace
}  // namespace airlock::executor
