// How jobs are ended from outside: cancel, lost lease, drain, broken links.
#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

class JobEndTest : public JobTableTest {
 protected:
  internal::v1::Job RunningJob(const Argv& argv) {
    policy_ = Connect();
    internal::v1::Job job = StartJob(*policy_, argv);
    EXPECT_TRUE(backend_.WaitForStarted(1, kWait));
    return job;
  }
  void Resume(const internal::v1::Job& job, std::uint64_t stdout_offset) {
    Send([&](internal::v1::ConnectResponse& message) {
      message.mutable_resume_output()->set_execution_id(job.execution_id());
      message.mutable_resume_output()->set_fence(job.fence());
      message.mutable_resume_output()->set_stdout_offset(stdout_offset);
    });
  }
  void Credit(const internal::v1::Job& job, std::uint64_t limit,
              std::uint64_t stdout_acknowledged) {
    Send([&](internal::v1::ConnectResponse& message) {
      auto* credit = message.mutable_output_credit();
      credit->set_execution_id(job.execution_id());
      credit->set_fence(job.fence());
      credit->set_limit_bytes(limit);
      credit->set_stdout_acknowledged(stdout_acknowledged);
    });
  }
  // Waits until the policy has this much of standard output.
  static bool AwaitOutput(RecordingConnection& policy, std::uint64_t bytes) {
    return policy
        .Await([bytes](const Message& message) {
          const auto& chunk = message.output().chunk();
          return chunk.offset() + chunk.data().size() >= bytes;
        })
        .has_value();
  }

  std::shared_ptr<RecordingConnection> policy_;
};

TEST_F(JobEndTest, CancelWhilePreparingEndsAtOnceAndRemovesTheSandbox) {
  policy_ = Connect();
  backend_.HoldCreates(true);
  const auto job = SendJob({"echo", "hi"});

  SendCancel(job);

  EXPECT_EQ(AwaitEnd(*policy_).outcome().reason(), "CANCELLED");
  SendEndAck(job);
  EXPECT_FALSE(table_->WaitIdle(absl::Now() + absl::Milliseconds(50)))
      << "its slot is not free while a sandbox may still come";
  backend_.HoldCreates(false);
  EXPECT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_EQ(backend_.live_sandboxes(), 0);
}

TEST_F(JobEndTest, CancelWhileRunningKills) {
  const auto job = RunningJob({"sleep", "60"});

  SendCancel(job);

  const auto end = AwaitEnd(*policy_);
  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(end.outcome().reason(), "CANCELLED");
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(JobEndTest, CancelAfterTheEndChangesNothing) {
  const auto job = RunningJob({"exit", "7"});
  AwaitEnd(*policy_);

  SendCancel(job);
  SendEndAck(job);

  EXPECT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_EQ(AwaitEnd(*policy_).outcome().exit_code(), 7);
}

TEST_F(JobEndTest, CancelWithAnOldFenceIsIgnored) {
  auto job = RunningJob({"sleep", "60"});

  job.set_fence(0);
  SendCancel(job);

  EXPECT_EQ(
      AwaitEnd(*policy_, "e1", absl::Milliseconds(50)).outcome().ended_by(),
      Outcome::ENDED_BY_UNSPECIFIED);
}

TEST_F(JobEndTest, ProcessThatOutlivesItsTimeCostsTheSandbox) {
  // The fake's own clock is real, so it believes to have 30 s.
  RunningJob({"sleep", "60"});

  clock_.Advance(absl::Seconds(44));
  table_->Tick();
  EXPECT_EQ(backend_.live_sandboxes(), 1);
  clock_.Advance(absl::Seconds(3));
  table_->Tick();

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(JobEndTest, LostLeaseKillsWhatRunsAndDropsTheRest) {
  job_timeout_ = absl::Minutes(10);
  RunningJob({"sleep", "60"});
  SendJob({"echo", "hi"}, 1, "e2");
  ASSERT_TRUE(AwaitReady(*policy_, "e2"));

  clock_.Advance(absl::Seconds(61));
  table_->Tick();

  const auto running = AwaitEnd(*policy_, "e1");
  EXPECT_EQ(running.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(running.outcome().reason(), "LEASE_LOST");
  const auto waiting = AwaitEnd(*policy_, "e2");
  EXPECT_EQ(waiting.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(waiting.outcome().reason(), "LEASE_LOST");
  EXPECT_EQ(backend_.started_processes().size(), 1U);
}

TEST_F(JobEndTest, AnyMessageOfAnyReplicaRenewsTheLease) {
  table_ = MakeTable(2, 2);
  job_timeout_ = absl::Minutes(10);
  const auto other = Connect(1);
  RunningJob({"sleep", "60"});
  table_->OnDisconnected(0);

  clock_.Advance(absl::Seconds(40));
  internal::v1::ConnectResponse heartbeat;
  heartbeat.mutable_heartbeat_ack()->set_sequence(1);
  table_->OnMessage(1, heartbeat, clock_.Monotonic());
  Settle();
  clock_.Advance(absl::Seconds(59));
  table_->Tick();

  EXPECT_EQ(backend_.running_processes(), 1);
  EXPECT_FALSE(backend_.WaitForLiveSandboxes(0, absl::Milliseconds(50)));
}

TEST_F(JobEndTest, BrokenLinkAloneEndsNothing) {
  RunningJob({"sleep", "60"});

  table_->OnDisconnected(0);
  clock_.Advance(absl::Seconds(10));
  table_->Tick();

  EXPECT_EQ(table_->MakeHello(0).held_jobs_size(), 1);
  EXPECT_EQ(backend_.running_processes(), 1);
}

TEST_F(JobEndTest, EndIsRepeatedOnEachStreamUntilItIsAcknowledged) {
  const auto job = RunningJob({"exit", "3"});
  AwaitEnd(*policy_);

  for (int i = 0; i < 2; ++i) {
    table_->OnDisconnected(0);
    const auto again = Connect();
    EXPECT_EQ(AwaitEnd(*again).outcome().exit_code(), 3);
  }
  SendEndAck(job);
  ASSERT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  table_->OnDisconnected(0);

  EXPECT_EQ(table_->MakeHello(0).held_jobs_size(), 0);
}

TEST_F(JobEndTest, ReadinessIsRepeatedOnANewStream) {
  policy_ = Connect();
  const auto job = SendJob({"echo", "hi"});
  ASSERT_TRUE(AwaitReady(*policy_));

  table_->OnDisconnected(0);
  const auto again = Connect();

  EXPECT_TRUE(AwaitReady(*again));
  SendGrant(job);
  EXPECT_EQ(AwaitEnd(*again).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(JobEndTest, OutputWrittenWithoutALinkIsSentWhenAskedFor) {
  const auto job = RunningJob({"spam", "100000"});
  AwaitEnd(*policy_);
  Credit(job, 1 << 20, 65536);
  table_->OnDisconnected(0);

  const auto again = Connect();
  EXPECT_EQ(AwaitEnd(*again, "e1", absl::Milliseconds(50)).fence(), 0U)
      << "the end must not overtake the output";
  Resume(job, 70000);
  AwaitEnd(*again);

  const std::string output = again->Output(airlock::v1::OUTPUT_STREAM_STDOUT);
  EXPECT_EQ(output.size(), 100000U);
  EXPECT_EQ(output.find('x'), 70000U);
}

TEST_F(JobEndTest, WithoutResumeTheKeptOutputIsSentAfterAWhile) {
  const auto job = RunningJob({"spam", "100000"});
  AwaitEnd(*policy_);
  Credit(job, 1 << 20, 65536);
  table_->OnDisconnected(0);
  const auto again = Connect();

  clock_.Advance(absl::Seconds(5));
  table_->Tick();
  AwaitEnd(*again);

  EXPECT_EQ(again->Output(airlock::v1::OUTPUT_STREAM_STDOUT).find('x'), 65536U);
}

TEST_F(JobEndTest, OutputStopsAtTheCreditAndGoesOnWithMore) {
  const auto job = RunningJob({"spam", "800000"});
  ASSERT_TRUE(AwaitOutput(*policy_, kInitialOutputCredit));
  EXPECT_FALSE(policy_->Await(
      [](const Message& message) {
        return message.has_job_ended() ||
               message.output().chunk().offset() >= kInitialOutputCredit;
      },
      absl::Milliseconds(50)));

  Credit(job, 800000, kInitialOutputCredit);

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(policy_->Output(airlock::v1::OUTPUT_STREAM_STDOUT).size(), 800000U);
}

TEST_F(JobEndTest, UnacknowledgedOutputIsBoundedWhateverTheCredit) {
  const auto job = RunningJob({"spam", "4000000"});

  Credit(job, std::uint64_t{1} << 40, 0);
  ASSERT_TRUE(AwaitOutput(*policy_, kKeptOutputBytes));

  EXPECT_FALSE(policy_->Await(
      [](const Message& message) {
        return message.has_output() &&
               message.output().chunk().offset() >= kKeptOutputBytes;
      },
      absl::Milliseconds(50)));
}

TEST_F(JobEndTest, DrainGivesBackWhatWaitsAndTakesNothingMore) {
  RunningJob({"sleep", "60"});
  SendJob({"echo", "hi"}, 1, "e2");
  ASSERT_TRUE(AwaitReady(*policy_, "e2"));

  table_->StartDrain();

  const auto end = AwaitEnd(*policy_, "e2");
  EXPECT_EQ(end.outcome().reason(), "EXECUTOR_DRAINING");
  EXPECT_TRUE(end.retriable());
  EXPECT_TRUE(policy_->Await(
      [](const Message& message) { return message.has_draining(); }));
  Settle();
  EXPECT_FALSE(table_->ready());
  EXPECT_EQ(backend_.running_processes(), 1);
}

TEST_F(JobEndTest, JobThatCrossesTheDrainIsGivenBack) {
  policy_ = Connect();

  table_->StartDrain();
  SendJob({"echo", "hi"});

  const auto end = AwaitEnd(*policy_);
  EXPECT_EQ(end.outcome().reason(), "EXECUTOR_DRAINING");
  EXPECT_TRUE(end.retriable());
  EXPECT_TRUE(backend_.created_specs().empty());
}

TEST_F(JobEndTest, DrainIsSaidAgainOnANewStream) {
  policy_ = Connect();
  table_->StartDrain();
  table_->OnDisconnected(0);

  const auto again = Connect();

  EXPECT_TRUE(again->Await(
      [](const Message& message) { return message.has_draining(); }));
  EXPECT_EQ(again->credits(), 0U);
}

}  // namespace
}  // namespace airlock::executor
