// Sessions over a real engine: what stays in them, and what loses them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/e2e/faults/docker_cli.h"
#include "tests/e2e/faults/session_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;
using testing::SizeIs;

TEST_F(SessionFaultsTest, WhatIsInstalledStaysAndNobodyElseSeesIt) {
  cluster_.StartAll();
  const std::string tool = "$HOME/.local/bin/tool";
  Output("work", "mkdir -p $HOME/.local/bin && echo 'echo tool runs' > " +
                     tool + " && chmod +x " + tool + " && echo kept > notes");

  EXPECT_EQ(Output("work", "cat /workspace/notes; " + tool),
            "kept\ntool runs\n");
  EXPECT_EQ(Output("other", "ls /workspace/notes " + tool +
                                " 2>/dev/null; "
                                "echo none"),
            "none\n");
  EXPECT_THAT(cluster_.Containers(), SizeIs(2));
  EXPECT_EQ(
      cluster_.Execute(Shell("ls notes 2>/dev/null; echo none")).stdout_data,
      "none\n");
  Close("work");
  Close("other");
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(SessionFaultsTest, NothingRunsOnInTheSessionBetweenExecutions) {
  cluster_.StartAll();
  Output("work", "sleep 1000 & echo begun");

  EXPECT_EQ(Output("work", "cat /proc/[0-9]*/comm | grep -c sleep; true"),
            "0\n");
  Close("work");
}

TEST_F(SessionFaultsTest, ParallelOneRunsSideBySideAndKeepsItsBackground) {
  cluster_.StartAll();
  OpenParallel("work");
  Output("work", "sleep 1000 & echo begun");
  Call call(cluster_, In("work", "echo on; sleep 1000"));
  ASSERT_TRUE(call.ReadUntilOutput(3));

  EXPECT_EQ(Output("work", "cat /proc/[0-9]*/comm | grep -c sleep"), "2\n");
  call.Abandon();
  airlock::v1::CancelExecutionRequest cancel;
  cancel.set_id(call.id());
  airlock::v1::CancelExecutionResponse response;
  cluster_.Client()->CancelExecution(Cluster::As("ada").get(), cancel,
                                     &response);
  EXPECT_EQ(cluster_.Watch(call.id()).completed.outcome().ended_by(),
            Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(Output("work", "cat /proc/[0-9]*/comm | grep -c sleep"), "1\n");
  Close("work");
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(SessionFaultsTest, CloseKillsWhatRunsInIt) {
  cluster_.StartAll();
  Call call(cluster_, In("work", "echo on; sleep 1000"));
  ASSERT_TRUE(call.ReadUntilOutput(3));

  Close("work");

  EXPECT_EQ(call.Finish().completed.outcome().ended_by(),
            Outcome::ENDED_BY_CANCELLED);
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(SessionFaultsTest, ContainerRemovedFromOutsideLosesIt) {
  cluster_.StartAll();
  Output("work", "echo kept > notes");

  Docker("rm -f " + absl::StrJoin(cluster_.Containers(), " "));

  ExpectLost("work");
  Close("work");
  EXPECT_EQ(Output("work", "ls notes 2>/dev/null; echo none"), "none\n");
  Close("work");
}

TEST_F(SessionFaultsTest, RunnerKilledFromOutsideLosesIt) {
  cluster_.StartAll();
  OpenParallel("work");
  Output("work", "sleep 1000 & echo begun");
  Call call(cluster_, In("work", "echo on; sleep 1000"));
  ASSERT_TRUE(call.ReadUntilOutput(3));
  const std::vector<std::string> runner = Docker(absl::StrCat(
      "inspect -f '{{.State.Pid}}' ", cluster_.Containers().at(0)));
  ASSERT_THAT(runner, SizeIs(1));

  ASSERT_EQ(::kill(std::stoi(runner.at(0)), SIGKILL), 0);

  EXPECT_EQ(call.Finish().completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
  ExpectLost("work");
  EXPECT_TRUE(cluster_.WaitNoContainers());
  Close("work");
}

// What a client does not read stays in its own pipe.
TEST_F(SessionFaultsTest, SlowReaderHoldsUpNobodyElseOfItsSession) {
  cluster_.config()["sandbox"]["outputLimit"] = "100m";
  cluster_.StartAll();
  OpenParallel("work");
  Call slow(cluster_, In("work", "yes 0123456789abcde | head -c 40000000"));
  ASSERT_TRUE(slow.ReadUntilOutput(1));

  const Transcript fast =
      cluster_.Execute(In("work", "yes 0123456789abcde | head -c 40000000"));

  EXPECT_EQ(fast.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(fast.stdout_data.size(), 40'000'000U);
  EXPECT_EQ(cluster_.Get(slow.id()).state(),
            airlock::v1::Execution::STATE_RUNNING)
      << "it waits for its reader";
  EXPECT_EQ(slow.Finish().stdout_data, fast.stdout_data);
  Close("work");
}

TEST_F(SessionFaultsTest, ContainerRemovedUnderARunningExecutionLosesIt) {
  cluster_.StartAll();
  Call call(cluster_, In("work", "echo on; sleep 1000"));
  ASSERT_TRUE(call.ReadUntilOutput(3));

  Docker("rm -f " + absl::StrJoin(cluster_.Containers(), " "));

  EXPECT_EQ(call.Finish().completed.outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
  ExpectLost("work");
}

TEST_F(SessionFaultsTest, KilledExecutorLosesItAndWhatWaitsIsTold) {
  cluster_.StartAll();
  Output("work", "echo kept > notes");
  Call running(cluster_, In("work", "sleep 1000"));
  ASSERT_TRUE(running.ReadUntilRunning());
  Call waiting(cluster_, In("work", "cat notes"));
  ASSERT_TRUE(waiting.Read());

  cluster_.executor().Kill();
  cluster_.StartExecutor();

  EXPECT_EQ(running.Finish().completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  const Transcript told = waiting.Finish();
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(told.completed.outcome().reason(), "SESSION_LOST");
  ExpectLost("work");
  cluster_.WaitExecutorReady();
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

TEST_F(SessionFaultsTest, BrokenLinkCostsNothing) {
  cluster_.policy_link();
  cluster_.StartAll();
  Output("work", "echo kept > notes");

  cluster_.policy_link().Stop();
  Call waiting(cluster_, In("work", "cat notes"));
  ASSERT_TRUE(waiting.Read());
  cluster_.policy_link().Start();

  EXPECT_EQ(waiting.Finish().stdout_data, "kept\n");
  Close("work");
}

TEST_F(SessionFaultsTest, KilledPolicyCostsNothing) {
  cluster_.StartAll();
  Output("work", "echo kept > notes");

  cluster_.policy().Kill();
  cluster_.StartPolicy();

  const airlock::v1::ExecuteRequest request = In("work", "cat notes");
  const absl::Time give_up = absl::Now() + kPatience;
  Transcript told;
  do {
    // The gateway may still believe in the connection that was killed.
    told = cluster_.Execute(request);
  } while (absl::IsUnavailable(told.status) && absl::Now() < give_up);
  EXPECT_EQ(told.stdout_data, "kept\n") << told.status;
  Close("work");
  EXPECT_TRUE(cluster_.WaitNoContainers());
}

}  // namespace
}  // namespace airlock
