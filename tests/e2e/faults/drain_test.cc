// SIGTERM while something runs.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;

class DrainTest : public ClusterTest {
 protected:
  // Starts everything and something that runs until Mark("go").
  void StartRunning() {
    cluster_.StartAll();
    request_ =
        MarkedShell("while [ ! -e /marks/go ]; do sleep 0.1; done; echo ended");
    call_ = std::make_unique<Call>(cluster_, request_);
    ASSERT_TRUE(call_->ReadUntilRunning());
    ASSERT_TRUE(cluster_.WaitForRun(request_.request_id()));
  }
  void ExpectEnded(const Transcript& told) {
    EXPECT_THAT(told.status, IsOk());
    EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED)
        << told.completed.outcome().DebugString();
    EXPECT_EQ(told.stdout_data, "ended\n");
    EXPECT_EQ(cluster_.CountRuns(request_.request_id()), 1);
  }

  airlock::v1::ExecuteRequest request_;
  std::unique_ptr<Call> call_;
};

TEST_F(DrainTest, ExecutorLetsWhatRunsEnd) {
  StartRunning();
  cluster_.executor().Signal(SIGTERM);
  ASSERT_TRUE(cluster_.executor().WaitForLog("service draining", kPatience));
  // What comes now waits for another executor.
  Call next(cluster_, Shell("echo next"));
  ASSERT_TRUE(next.Read());
  EXPECT_TRUE(cluster_.executor().running());
  cluster_.Mark("go");

  ExpectEnded(call_->Finish());
  EXPECT_EQ(cluster_.executor().WaitExit(kPatience), 0);
  EXPECT_TRUE(cluster_.Containers().empty());
  cluster_.StartExecutor("ex2");
  EXPECT_EQ(next.Finish().stdout_data, "next\n");
}

TEST_F(DrainTest, ExecutorKillsWhatDoesNotEndInTime) {
  cluster_.config()["executor"]["drainTimeout"] = 4000;
  StartRunning();
  cluster_.executor().Signal(SIGTERM);
  const Transcript told = call_->Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(told.completed.outcome().reason(), "EXECUTOR_DRAINING");
  EXPECT_EQ(cluster_.executor().WaitExit(kPatience), 0);
  EXPECT_TRUE(cluster_.Containers().empty());
}

TEST_F(DrainTest, PolicyLetsWhatRunsEnd) {
  StartRunning();
  cluster_.policy().Signal(SIGTERM);
  ASSERT_TRUE(cluster_.policy().WaitForLog("service draining", kPatience));
  EXPECT_THAT(cluster_.Execute(Shell("echo no")).status,
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(cluster_.policy().running());
  cluster_.Mark("go");

  ExpectEnded(call_->Finish());
  EXPECT_EQ(cluster_.policy().WaitExit(kPatience), 0);
}

TEST_F(DrainTest, GatewayLetsCallsEnd) {
  StartRunning();
  cluster_.gateway().Signal(SIGTERM);
  ASSERT_TRUE(cluster_.gateway().WaitForLog("service draining", kPatience));
  EXPECT_TRUE(cluster_.gateway().running());
  cluster_.Mark("go");

  ExpectEnded(call_->Finish());
  EXPECT_EQ(cluster_.gateway().WaitExit(kPatience), 0);
}

TEST_F(DrainTest, IdleServicesStopAtOnce) {
  cluster_.StartAll();
  for (ChildProcess* service :
       {&cluster_.executor(), &cluster_.gateway(), &cluster_.policy()}) {
    service->Signal(SIGTERM);
    EXPECT_EQ(service->WaitExit(absl::Seconds(15)), 0) << service->output();
  }
}

}  // namespace
}  // namespace airlock
