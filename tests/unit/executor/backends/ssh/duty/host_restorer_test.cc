// What needs no host: a host is quarantined, and when it is not any more.
#include "services/executor/backends/ssh/duty/host_restorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/watchdog.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

class HostRestorerTest : public testing::Test {
 protected:
  HostRestorerOptions Options() const {
    HostRestorerOptions options;
    options.host.target.host = "127.0.0.1";
    // Nobody listens there.
    options.host.target.port = 1;
    options.host.target.username = "nobody";
    options.host.executor_id = "test";
    options.command = {"/bin/true"};
    options.state_path = folder_.path();
    options.return_limit = absl::Milliseconds(300);
    return options;
  }
  // As if an earlier process had found the host not clean.
  void Quarantine(const std::string& why) const {
    std::ofstream(folder_ / "ssh-host.quarantine") << Subject() << "\n"
                                                   << why << "\nend\n";
  }
  // The first line of any of its files.
  std::string Subject() const {
    // Fingerprint of the command and the paths, and the host.
    return "airlock-host 1 " + hash_ + " nobody@127.0.0.1:1 ";
  }

  const Watchdog watchdog_{absl::Seconds(30)};
  TemporaryDirectory folder_;
  std::atomic<bool> stop_ = false;
  // SHA-256 of "/bin/true", no paths and no folder, with two line ends between.
  std::string hash_ =
      "43c2c81c419417e0cbffe6f3dcd2c4eb8bd0b7ce92942ce7437f180fcc05c902";
};

TEST_F(HostRestorerTest, AHostNobodyFoundWantingMayBeMadeNew) {
  EXPECT_THAT(HostRestorer(Options()).MayRenew(), IsOk());
}

TEST_F(HostRestorerTest, AQuarantineOutlivesTheProcess) {
  Quarantine("new file /tmp/x. Remove it");

  const absl::Status may = HostRestorer(Options()).MayRenew();

  EXPECT_EQ(ErrorReason(may), "HOST_NOT_CLEAN");
  EXPECT_THAT(std::string(may.message()), HasSubstr("new file /tmp/x"));
}

TEST_F(HostRestorerTest, WhoRemovesTheFileEndsIt) {
  Quarantine("x");
  const HostRestorer restorer(Options());
  ASSERT_FALSE(restorer.MayRenew().ok());

  std::filesystem::remove(folder_ / "ssh-host.quarantine");

  EXPECT_THAT(restorer.MayRenew(), IsOk());
}

TEST_F(HostRestorerTest, AQuarantineThatCannotBeReadIsOne) {
  std::ofstream(folder_ / "ssh-host.quarantine") << "";

  EXPECT_EQ(ErrorReason(HostRestorer(Options()).MayRenew()), "HOST_NOT_CLEAN");
}

TEST_F(HostRestorerTest, AnotherHostIsNotInIt) {
  Quarantine("x");
  HostRestorerOptions options = Options();
  options.host.target.port = 2;

  EXPECT_THAT(HostRestorer(options).MayRenew(), IsOk());
}

TEST_F(HostRestorerTest, AHostThatDoesNotComeBackIsAnErrorInTime) {
  HostRestorer restorer(Options());

  EXPECT_FALSE(restorer.Renew("age", stop_).ok());
  EXPECT_THAT(restorer.MayRenew(), IsOk()) << "the next try may do better";
}

TEST_F(HostRestorerTest, WhereTheCommandFailsNobodyLooksAtTheHost) {
  HostRestorerOptions options = Options();
  options.command = {"/bin/sh", "-c", "echo half done; exit 3"};
  options.return_limit = absl::Hours(1);

  EXPECT_THAT(HostRestorer(options).Renew("age", stop_),
              StatusIs(absl::StatusCode::kAborted,
                       HasSubstr("exit code 3: half done")));
}

TEST_F(HostRestorerTest, WhoStopsDoesNotWaitForTheHost) {
  HostRestorerOptions options = Options();
  options.return_limit = absl::Hours(1);
  options.command = {"/bin/sh", "-c", "exit 0"};
  std::thread stopper([&] {
    absl::SleepFor(absl::Milliseconds(300));
    stop_ = true;
  });

  EXPECT_FALSE(HostRestorer(options).Renew("age", stop_).ok());
  stopper.join();
}

}  // namespace
}  // namespace airlock::executor
