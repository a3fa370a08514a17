// The link between an executor and its policy service breaks.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;

class LinkTest : public ClusterTest {
 protected:
  void SetUp() override {
    ClusterTest::SetUp();
    cluster_.policy_link();
  }
};

TEST_F(LinkTest, ExecutorKilledBetweenStartAndGrantNeverRuns) {
  cluster_.StartAll();
  cluster_.engine().Hold("/containers/create");
  const auto request = MarkedShell("echo never");
  Call call(cluster_, request);
  ASSERT_TRUE(call.Read());
  ASSERT_TRUE(cluster_.engine().WaitHeld(kPatience));
  // The job has come, the grant will not.
  cluster_.policy_link().HoldAnswers(true);
  cluster_.engine().Hold("");
  ASSERT_TRUE(call.ReadUntilRunning());

  cluster_.executor().Kill();
  cluster_.policy_link().HoldAnswers(false);
  cluster_.StartExecutor();
  const Transcript told = call.Finish();

  // The grant may have been used, as far as the policy service can know.
  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 0);
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(LinkTest, CutWhileOutputFlowsLosesNothing) {
  cluster_.StartAll();
  const auto request =
      MarkedShell("for i in $(seq 1 30); do seq 1 20000; sleep 0.1; done");
  Call call(cluster_, request);
  for (std::size_t bytes : {100'000, 800'000, 1'500'000}) {
    ASSERT_TRUE(call.ReadUntilOutput(bytes));
    cluster_.policy_link().Stop();
    cluster_.policy_link().Start();
  }
  const Transcript told = call.Finish();

  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED)
      << told.completed.outcome().DebugString();
  EXPECT_EQ(told.skipped_bytes, 0u);
  std::string once;
  for (int i = 1; i <= 20000; ++i) absl::StrAppend(&once, i, "\n");
  std::string all;
  for (int i = 0; i < 30; ++i) all += once;
  EXPECT_TRUE(told.stdout_data == all)
      << told.stdout_data.size() << " of " << all.size() << " bytes";
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
  EXPECT_TRUE(
      cluster_.executor().WaitForLog("link to policy broke", kPatience, 3));
}

TEST_F(LinkTest, EndThatCouldNotBeToldIsToldLater) {
  cluster_.StartAll();
  const auto request =
      MarkedShell("while [ ! -e /marks/go ]; do sleep 0.1; done; echo unheard");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilRunning());
  ASSERT_TRUE(cluster_.WaitForRun(request.request_id()));
  cluster_.policy_link().Stop();
  cluster_.Mark("go");
  ASSERT_TRUE(cluster_.executor().WaitForLog("job ended", kPatience));
  cluster_.policy_link().Start();
  const Transcript told = call.Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.stdout_data, "unheard\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

}  // namespace
}  // namespace airlock
