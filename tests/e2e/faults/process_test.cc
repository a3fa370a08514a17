// Processes that do not want to end.
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "common/time/proto_time.h"
#include "tests/e2e/faults/cluster.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;

using ProcessTest = ClusterTest;

absl::Duration RunTime(const Transcript& told) {
  return FromProto(told.completed.end_time()) -
         FromProto(told.completed.start_time());
}

TEST_F(ProcessTest, ThatIgnoresTheSignalToEndIsKilledInTime) {
  cluster_.StartAll();
  auto request =
      MarkedShell("trap '' TERM; echo ready; while true; do sleep 0.1; done");
  request.mutable_timeout()->set_seconds(2);
  const Transcript told = cluster_.Execute(request);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_TIMED_OUT);
  EXPECT_EQ(told.stdout_data, "ready\n");
  // Timeout, a second of grace, a second for the rest; and a busy machine.
  EXPECT_GE(RunTime(told), absl::Seconds(2));
  EXPECT_LT(RunTime(told), absl::Seconds(8));
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(ProcessTest, ThatHoldsThePipesDoesNotDelayTheEnd) {
  cluster_.StartAll();
  const Transcript told =
      cluster_.Execute(MarkedShell("setsid sleep 100 & echo done"));

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().exit_code(), 0);
  EXPECT_EQ(told.completed.outcome().leftover_processes(), 1u);
  EXPECT_EQ(told.stdout_data, "done\n");
  EXPECT_LT(RunTime(told), absl::Seconds(10));
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

}  // namespace
}  // namespace airlock
