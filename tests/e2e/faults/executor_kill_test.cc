// An executor that is killed: nothing runs twice, and nothing is claimed that
// nobody knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/faults/cluster.h"
#include "tests/e2e/faults/docker_cli.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

using ExecutorKillTest = ClusterTest;

TEST_F(ExecutorKillTest, WhileItRunsLeavesTheOutcomeUnknown) {
  cluster_.StartAll();
  const auto request = MarkedShell("sleep 100");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilRunning());
  ASSERT_TRUE(cluster_.WaitForRun(request.request_id()));
  const auto containers = cluster_.Containers();
  ASSERT_EQ(containers.size(), 1u);

  cluster_.executor().Kill();
  // The runner sees the end of its input and takes everything along.
  Docker("wait " + containers[0]);
  EXPECT_THAT(Docker("inspect -f {{.State.Running}} " + containers[0]),
              testing::ElementsAre("false"));
  EXPECT_EQ(cluster_.Get(call.id()).state(), Execution::STATE_RUNNING);
  cluster_.StartExecutor();
  const Transcript told = call.Finish();

  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  EXPECT_FALSE(told.completed.outcome().has_exit_code());
  cluster_.WaitExecutorReady();
  EXPECT_TRUE(cluster_.WaitNoContainers());
  EXPECT_EQ(cluster_.Execute(Shell("echo next")).stdout_data, "next\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(ExecutorKillTest, BeforeTheStartGivesTheJobToAnother) {
  cluster_.StartAll();
  cluster_.engine().Hold("/containers/create");
  const auto request = MarkedShell("echo moved");
  Call call(cluster_, request);
  ASSERT_TRUE(call.Read());
  ASSERT_TRUE(cluster_.engine().WaitHeld(kPatience));

  cluster_.executor().Kill();
  cluster_.engine().Hold("");
  cluster_.StartExecutor("ex2");
  const Transcript told = call.Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.stdout_data, "moved\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

}  // namespace
}  // namespace airlock
