// A policy service, a gateway or a client that goes while something runs.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

class ServiceKillTest : public ClusterTest {
 protected:
  // As a client does that is told to come back.
  Transcript WatchWhenReachable(const std::string& id) {
    const absl::Time give_up = absl::Now() + kPatience;
    while (true) {
      const Transcript told = cluster_.Watch(id);
      if (!absl::IsUnavailable(told.status) || absl::Now() > give_up) {
        return told;
      }
      absl::SleepFor(absl::Milliseconds(100));
    }
  }
};

TEST_F(ServiceKillTest, PolicyWithoutAStoreTakesWhatItKnewAlong) {
  cluster_.config()["policy"].erase("storePath");
  cluster_.StartAll();
  const auto request = MarkedShell("sleep 100");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilRunning());
  ASSERT_TRUE(cluster_.WaitForRun(request.request_id()));

  cluster_.policy().Kill();
  const Transcript told = call.Finish();
  EXPECT_THAT(told.status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(told.completed.has_outcome());
  cluster_.StartPolicy();

  // The executor kills what nobody knows any more.
  EXPECT_THAT(WatchWhenReachable(told.id).status,
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(cluster_.WaitNoContainers());
  EXPECT_EQ(cluster_.Execute(Shell("echo again")).stdout_data, "again\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(ServiceKillTest, WithoutAPolicyClientsAreToldToComeBack) {
  cluster_.StartAll();
  cluster_.policy().Kill();
  const Transcript told = cluster_.Execute(Shell("echo no"));

  EXPECT_THAT(told.status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(told.status), "POLICY_UNAVAILABLE");
}

TEST_F(ServiceKillTest, GatewayThatDiesLosesNothing) {
  cluster_.StartAll();
  const auto request = MarkedShell(
      "seq 1 20000; while [ ! -e /marks/go ]; do sleep 0.1; done; echo last");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilOutput(1000));
  cluster_.gateway().Kill();
  EXPECT_THAT(call.Finish().status, StatusIs(absl::StatusCode::kUnavailable));
  cluster_.StartGateway();
  cluster_.WaitGatewayReady();
  cluster_.Mark("go");
  const Transcript told = cluster_.Watch(call.id());

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  EXPECT_EQ(told.skipped_bytes, 0u);
  EXPECT_EQ(told.stdout_data.size(),
            told.completed.outcome().usage().stdout_bytes());
  EXPECT_TRUE(absl::StartsWith(told.stdout_data, "1\n2\n3\n"));
  EXPECT_TRUE(absl::EndsWith(told.stdout_data, "\n20000\nlast\n"));
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(ServiceKillTest, SameRequestThroughANewGatewayAttaches) {
  cluster_.StartAll();
  const auto request = MarkedShell("sleep 1; echo end");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilRunning());
  cluster_.gateway().Kill();
  call.Finish();
  cluster_.StartGateway();
  cluster_.WaitGatewayReady();
  const Transcript told = cluster_.Execute(request);

  EXPECT_EQ(told.id, call.id());
  EXPECT_EQ(told.stdout_data, "end\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(ServiceKillTest, ClientThatGoesCanComeBackForTheOutcome) {
  cluster_.StartAll();
  const auto request = MarkedShell(
      "echo first; while [ ! -e /marks/go ]; do sleep 0.1; done; echo last");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilOutput(6));
  call.Abandon();
  cluster_.Mark("go");
  const Transcript told = cluster_.Watch(call.id());

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.stdout_data, "first\nlast\n");
}

TEST_F(ServiceKillTest, ClientThatGoesTakesItAlongIfItSaidSo) {
  cluster_.StartAll();
  auto request = MarkedShell("sleep 100");
  request.set_cancel_on_disconnect(true);
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilRunning());
  ASSERT_TRUE(cluster_.WaitForRun(request.request_id()));
  call.Abandon();
  const Transcript told = cluster_.Watch(call.id());

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

}  // namespace
}  // namespace airlock
