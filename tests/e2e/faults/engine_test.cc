// An engine that is away, and containers that others take away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/faults/cluster.h"
#include "tests/e2e/faults/docker_cli.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

class EngineTest : public ClusterTest {
 protected:
  // Starts everything and something that runs; returns its only container.
  std::string StartRunning(std::unique_ptr<Call>& call) {
    cluster_.StartAll();
    request_ = MarkedShell("sleep 100");
    call = std::make_unique<Call>(cluster_, request_);
    EXPECT_TRUE(call->ReadUntilRunning());
    EXPECT_TRUE(cluster_.WaitForRun(request_.request_id()));
    const auto containers = cluster_.Containers();
    EXPECT_EQ(containers.size(), 1U);
    return containers.empty() ? "none" : containers[0];
  }
  void ExpectNextRuns() {
    EXPECT_EQ(cluster_.Execute(Shell("echo next")).stdout_data, "next\n");
    EXPECT_TRUE(cluster_.WaitNoContainers());
    EXPECT_EQ(cluster_.CountRuns(request_.request_id()), 1);
  }

  airlock::v1::ExecuteRequest request_;
};

TEST_F(EngineTest, DownAtStartIsWaitedFor) {
  cluster_.engine().Stop();
  cluster_.StartPolicy();
  cluster_.StartGateway();
  cluster_.WaitGatewayReady();
  cluster_.StartExecutor();
  ASSERT_TRUE(
      cluster_.executor().WaitForLog("backend cannot be used", kPatience));
  ASSERT_TRUE(cluster_.executor().WaitForLog("connected to policy", kPatience));
  Call call(cluster_, Shell("echo late"));
  ASSERT_TRUE(call.Read());

  EXPECT_TRUE(cluster_.ExecutorServes("liveness").value_or(false));
  EXPECT_FALSE(cluster_.ExecutorServes("readiness").value_or(true));
  EXPECT_EQ(cluster_.Get(call.id()).state(), Execution::STATE_QUEUED);

  cluster_.engine().Start();
  EXPECT_EQ(call.Finish().stdout_data, "late\n");
  // Jobs may come a moment before the probe says so.
  cluster_.WaitExecutorReady();
}

TEST_F(EngineTest, StoppedWhileRunningIsToldTruthfully) {
  std::unique_ptr<Call> call;
  StartRunning(call);
  cluster_.engine().Stop();
  const Transcript told = call->Finish();

  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED)
      << told.completed.outcome().DebugString();
  EXPECT_FALSE(told.completed.outcome().has_exit_code());
  EXPECT_TRUE(cluster_.executor().running());

  // What is asked for meanwhile waits, or is taken up once it is back.
  Call next(cluster_, Shell("echo waited"));
  ASSERT_TRUE(next.Read());
  cluster_.engine().Start();
  EXPECT_EQ(next.Finish().stdout_data, "waited\n");
  ExpectNextRuns();
}

TEST_F(EngineTest, ThatStopsWhileASandboxIsMadeIsTriedAgain) {
  cluster_.StartAll();
  cluster_.engine().Hold("/containers/create");
  request_ = MarkedShell("echo made");
  Call call(cluster_, request_);
  ASSERT_TRUE(call.Read());
  ASSERT_TRUE(cluster_.engine().WaitHeld(kPatience));
  cluster_.engine().Stop();
  cluster_.engine().Hold("");
  ASSERT_TRUE(
      cluster_.executor().WaitForLog("backend cannot be used", kPatience));
  cluster_.engine().Start();

  EXPECT_EQ(call.Finish().stdout_data, "made\n");
  ExpectNextRuns();
}

TEST_F(EngineTest, ContainerRemovedFromOutsideIsASandboxThatFailed) {
  std::unique_ptr<Call> call;
  const std::string container = StartRunning(call);
  Docker("rm -f " + container);
  const Transcript told = call->Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
  EXPECT_FALSE(told.completed.outcome().has_exit_code());
  ExpectNextRuns();
}

TEST_F(EngineTest, ContainerKilledFromOutsideIsASandboxThatFailed) {
  std::unique_ptr<Call> call;
  const std::string container = StartRunning(call);
  Docker("kill " + container);
  const Transcript told = call->Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED)
      << told.completed.outcome().DebugString();
  EXPECT_FALSE(told.completed.outcome().has_exit_code());
  ExpectNextRuns();
}

}  // namespace
}  // namespace airlock
