// Many sessions at once, over a real engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/faults/session_fixture.h"

namespace airlock {
namespace {

class ManySessionsTest : public SessionFaultsTest {
 protected:
  static constexpr int kSessions = 50;
  static constexpr int kAtOnce = 10;

  // Runs something in each of them.
  void UseAll() {
    std::vector<std::thread> threads;
    for (int first = 0; first < kAtOnce; ++first) {
      threads.emplace_back([this, first] {
        for (int i = first; i < kSessions; i += kAtOnce) {
          EXPECT_EQ(Output(absl::StrCat("s", i), "echo used"), "used\n");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(ManySessionsTest, KilledExecutorLosesEachAndLeavesNothing) {
  cluster_.config()["executor"]["maxRunning"] = kAtOnce;
  cluster_.StartAll();
  UseAll();
  EXPECT_THAT(cluster_.Containers(), testing::SizeIs(kSessions));

  cluster_.executor().Kill();
  cluster_.StartExecutor();
  cluster_.WaitExecutorReady();

  for (int i = 0; i < kSessions; ++i) {
    SCOPED_TRACE(i);
    EXPECT_TRUE(WaitLost(absl::StrCat("s", i)));
  }
  EXPECT_TRUE(cluster_.WaitNoContainers());
  EXPECT_EQ(Output("next", "echo goes on"), "goes on\n");
  Close("next");
}

}  // namespace
}  // namespace airlock
