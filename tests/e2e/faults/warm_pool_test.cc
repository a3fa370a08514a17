// Sandboxes that wait, when the world around them breaks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/e2e/faults/docker_cli.h"

namespace airlock {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kWarm = 2;

class WarmPoolFaultsTest : public ClusterTest {
 protected:
  WarmPoolFaultsTest() {
    cluster_.config()["sandbox"]["warmPool"] = {{"size", kWarm}};
  }

  std::vector<std::string> StartWarm() {
    cluster_.StartAll();
    auto containers = cluster_.Containers();
    EXPECT_THAT(containers, SizeIs(kWarm)) << "before it says that it is ready";
    return containers;
  }
  // Waits until as many as shall wait are there, none of them among `old`.
  bool AwaitOthers(const std::vector<std::string>& old) {
    for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end;) {
      const auto now = cluster_.Containers();
      bool others = now.size() == kWarm;
      for (const std::string& each : now) {
        others = others && std::find(old.begin(), old.end(), each) == old.end();
      }
      if (others) return true;
      absl::SleepFor(absl::Milliseconds(50));
    }
    return false;
  }
};

TEST_F(WarmPoolFaultsTest, OneOffTakesOneThatWaitsAndItIsReplaced) {
  const auto warm = StartWarm();

  EXPECT_EQ(cluster_.Execute(Shell("echo warm")).stdout_data, "warm\n");
  EXPECT_EQ(cluster_.Execute(Shell("echo again")).stdout_data, "again\n");

  EXPECT_TRUE(AwaitOthers(warm)) << "both were used, and only once";
}

TEST_F(WarmPoolFaultsTest, ThoseRemovedFromOutsideAreReplaced) {
  const auto warm = StartWarm();

  Docker("rm -f " + absl::StrJoin(warm, " "));

  EXPECT_EQ(cluster_.Execute(Shell("echo next")).stdout_data, "next\n");
  EXPECT_TRUE(AwaitOthers(warm));
}

TEST_F(WarmPoolFaultsTest, EngineThatWasAwayCostsThemAndTheyAreMadeAgain) {
  const auto warm = StartWarm();

  cluster_.engine().Stop();
  ASSERT_TRUE(
      cluster_.executor().WaitForLog("backend cannot be used", kPatience));
  cluster_.engine().Start();
  ASSERT_TRUE(
      cluster_.executor().WaitForLog("backend can be used", kPatience, 2));

  EXPECT_EQ(cluster_.Execute(Shell("echo back")).stdout_data, "back\n");
  EXPECT_TRUE(AwaitOthers(warm));
}

TEST_F(WarmPoolFaultsTest, GracefulStopLeavesNone) {
  StartWarm();

  cluster_.executor().Signal(SIGTERM);
  EXPECT_EQ(cluster_.executor().WaitExit(kPatience), 0);

  EXPECT_THAT(cluster_.Containers(), IsEmpty());
}

TEST_F(WarmPoolFaultsTest, NextBootRemovesThoseOfAKilledExecutor) {
  const auto warm = StartWarm();

  cluster_.executor().Kill();
  cluster_.StartExecutor();
  cluster_.WaitExecutorReady();

  EXPECT_TRUE(AwaitOthers(warm));
}

}  // namespace
}  // namespace airlock
