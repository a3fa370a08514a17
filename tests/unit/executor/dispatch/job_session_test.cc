// Jobs of sessions: one sandbox for one after another.
#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

class JobSessionTest : public JobTableTest {
 protected:
  // A job of session "se-1".
  internal::v1::Job SessionJob(const std::string& id, const Argv& argv,
                               bool opens) {
    internal::v1::ExecutionSpec spec = MakeCommandSpec(id, argv, job_timeout_);
    spec.set_session("se-1");
    internal::v1::Job job = MakeJob(spec, 1);
    job.set_opens_session(opens);
    return job;
  }
  internal::v1::Job Start(RecordingConnection& policy, const std::string& id,
                          const Argv& argv, bool opens) {
    internal::v1::Job job = SessionJob(id, argv, opens);
    Send(job);
    EXPECT_TRUE(AwaitReady(policy, id));
    SendGrant(job);
    return job;
  }
  internal::v1::JobEnded Run(RecordingConnection& policy, const std::string& id,
                             const Argv& argv, bool opens = false) {
    const internal::v1::Job job = Start(policy, id, argv, opens);
    internal::v1::JobEnded ended = AwaitEnd(policy, id);
    SendEndAck(job);
    Settle();
    return ended;
  }
  void EndSession() {
    Send([](internal::v1::ConnectResponse& message) {
      message.mutable_end_session()->set_session_id("se-1");
    });
  }
  static std::string AwaitSessionEnded(RecordingConnection& policy) {
    const auto told = policy.Await(
        [](const Message& message) { return message.has_session_ended(); });
    return told.has_value() ? told->session_ended().reason() : "";
  }
  double RefusedGrants() const {
    for (const prometheus::MetricFamily& family : registry_.Collect()) {
      if (family.name == "airlock_executor_grants_refused_total") {
        return family.metric.at(0).counter.value;
      }
    }
    ADD_FAILURE() << "there is no such metric";
    return -1;
  }
  // The warm pool's one, and those of sessions.
  bool AwaitSandboxes(int count) {
    return backend_.WaitForLiveSandboxes(count, kWait);
  }
};

TEST_F(JobSessionTest, OneSandboxServesOneJobAfterAnother) {
  const auto policy = Connect();

  EXPECT_EQ(Run(*policy, "e1", {"echo", "a"}, true).outcome().exit_code(), 0);
  const auto created = backend_.created_specs().size();
  const auto second = Run(*policy, "e2", {"exit", "3"});

  EXPECT_EQ(second.outcome().exit_code(), 3);
  EXPECT_FALSE(second.session_lost());
  EXPECT_EQ(backend_.created_specs().size(), created);
  const internal::v1::Hello hello = table_->MakeHello(0);
  ASSERT_EQ(hello.held_sessions_size(), 1);
  EXPECT_EQ(hello.held_sessions(0), "se-1");
}

TEST_F(JobSessionTest, GrantThatComesWithTheJobStartsItAtOnce) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo", "a"}, true);
  internal::v1::Job job = SessionJob("e2", {"exit", "3"}, false);
  *job.mutable_grant() = Granted(job);

  Send(job);

  EXPECT_EQ(AwaitEnd(*policy, "e2").outcome().exit_code(), 3);
  for (const Message& message : policy->messages()) {
    EXPECT_NE(message.job_ready().execution_id(), "e2");
  }
}

TEST_F(JobSessionTest, WrongGrantThatComesWithTheJobEndsIt) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo", "a"}, true);
  internal::v1::Job job = SessionJob("e2", {"exit", "3"}, false);
  *job.mutable_grant() = Granted(job);
  job.mutable_grant()->mutable_signature()->back() ^= 1;

  Send(job);

  const internal::v1::JobEnded ended = AwaitEnd(*policy, "e2");
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(ended.outcome().reason(), "GRANT_INVALID");
  EXPECT_FALSE(backend_.WaitForStarted(2, absl::Milliseconds(50)));
}

TEST_F(JobSessionTest, GrantWithAJobThatIsRefusedChangesNothing) {
  const auto policy = Connect();
  internal::v1::Job job = SessionJob("e1", {"echo"}, false);
  *job.mutable_grant() = Granted(job);

  Send(job);

  EXPECT_EQ(AwaitEnd(*policy).outcome().reason(), "SESSION_LOST");
  EXPECT_EQ(RefusedGrants(), 0);
}

TEST_F(JobSessionTest, SessionThatIsNotThereEndsTheJobUnstarted) {
  const auto policy = Connect();

  Send(SessionJob("e1", {"echo"}, /*opens=*/false));

  const internal::v1::JobEnded ended = AwaitEnd(*policy);
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(ended.outcome().reason(), "SESSION_LOST");
  EXPECT_TRUE(ended.session_lost());
  EXPECT_FALSE(ended.retriable());
}

TEST_F(JobSessionTest, EndSessionRemovesTheSandbox) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);

  EndSession();

  EXPECT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_TRUE(AwaitSandboxes(0));
  EXPECT_EQ(table_->MakeHello(0).held_sessions_size(), 0);
}

TEST_F(JobSessionTest, EndSessionCancelsWhatRunsInIt) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  EndSession();

  const internal::v1::JobEnded ended = AwaitEnd(*policy);
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(ended.outcome().reason(), "SESSION_CLOSED");
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, SandboxThatIsNotProvablyEmptyCostsTheSession) {
  const auto policy = Connect();
  backend_.SetProcessesEndEmpty(false);

  const internal::v1::JobEnded ended = Run(*policy, "e1", {"echo"}, true);

  EXPECT_EQ(ended.outcome().exit_code(), 0);
  EXPECT_TRUE(ended.session_lost());
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, SandboxLostUnderAJobCostsTheSession) {
  const auto policy = Connect();

  const internal::v1::JobEnded ended = Run(*policy, "e1", {"crash"}, true);

  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_SANDBOX_FAILED);
  EXPECT_TRUE(ended.session_lost());
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, SandboxLostWhileNothingRunsIsTold) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);

  backend_.LoseSandboxes();
  table_->Tick();

  EXPECT_EQ(AwaitSessionEnded(*policy), "SANDBOX_LOST");
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, LostLeaseEndsSessions) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);

  clock_.Advance(absl::Seconds(61));
  table_->Tick();

  EXPECT_EQ(AwaitSessionEnded(*policy), "LEASE_LOST");
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, DrainEndsSessions) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);

  table_->StartDrain();

  EXPECT_EQ(AwaitSessionEnded(*policy), "EXECUTOR_DRAINING");
  EXPECT_TRUE(AwaitSandboxes(0));
  EXPECT_TRUE(table_->WaitStill(absl::Now() + kWait));
}

TEST_F(JobSessionTest, JobCancelledBeforeItsGrantLeavesTheSession) {
  const auto policy = Connect();
  const internal::v1::Job job = SessionJob("e1", {"echo"}, true);
  Send(job);
  ASSERT_TRUE(AwaitReady(*policy));

  SendCancel(job);

  EXPECT_FALSE(AwaitEnd(*policy).session_lost());
  SendEndAck(job);
  EXPECT_EQ(Run(*policy, "e2", {"exit", "4"}).outcome().exit_code(), 4);
}

// What of a session's first job is another's.
class ForeignJobTest : public JobSessionTest,
                       public testing::WithParamInterface<void (*)(
                           internal::v1::ExecutionSpec&)> {};

TEST_P(ForeignJobTest, DoesNotRunInTheSession) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);
  const auto started = backend_.started_processes().size();
  internal::v1::ExecutionSpec spec =
      MakeCommandSpec("e2", {"echo"}, job_timeout_);
  spec.set_session("se-1");
  GetParam()(spec);
  // Also not as the one who opens it.
  internal::v1::Job job = MakeJob(spec, 1);
  job.set_opens_session(true);

  Send(job);

  const internal::v1::JobEnded ended = AwaitEnd(*policy, "e2");
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(ended.outcome().reason(), "SESSION_MISMATCH");
  EXPECT_FALSE(ended.session_lost());
  EXPECT_EQ(backend_.started_processes().size(), started);
  SendEndAck(job);
  EXPECT_EQ(Run(*policy, "e3", {"exit", "5"}).outcome().exit_code(), 5);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, ForeignJobTest,
    testing::Values(
        [](internal::v1::ExecutionSpec& spec) { spec.set_agent("mallory"); },
        [](internal::v1::ExecutionSpec& spec) {
          spec.mutable_sandbox()->set_memory_bytes(
              spec.sandbox().memory_bytes() / 2);
        },
        [](internal::v1::ExecutionSpec& spec) {
          spec.mutable_sandbox()->set_network_mode("bridge");
        },
        [](internal::v1::ExecutionSpec& spec) {
          spec.mutable_sandbox()->set_image_id("sha256:other");
        }));

TEST_F(JobSessionTest, SessionHasOneSandboxHoweverManyOpenIt) {
  const auto policy = Connect();
  backend_.HoldCreates(true);
  Send(SessionJob("e1", {"echo"}, true));
  Send(SessionJob("e2", {"echo"}, true));
  ASSERT_TRUE(backend_.WaitForCreating(2, kWait));

  backend_.HoldCreates(false);

  const auto refused = policy->Await(
      [](const Message& message) { return message.has_job_ended(); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->job_ended().outcome().reason(), "SESSION_BUSY");
  EXPECT_TRUE(refused->job_ended().retriable());
  EXPECT_FALSE(refused->job_ended().session_lost());
  EXPECT_TRUE(AwaitSandboxes(1));
  EXPECT_EQ(table_->MakeHello(0).held_sessions_size(), 1);
}

TEST_F(JobSessionTest, AnotherReplicaNeitherUsesNorEndsIt) {
  table_->Stop();
  table_ = MakeTable(2, 2);
  const auto policy = Connect(0);
  const auto other = Connect(1);
  Run(*policy, "e1", {"echo"}, true);

  internal::v1::ConnectResponse end;
  end.mutable_end_session()->set_session_id("se-1");
  table_->OnMessage(1, end, clock_.Monotonic());
  Send(SessionJob("e2", {"echo"}, /*opens=*/false), 1);

  EXPECT_EQ(AwaitEnd(*other, "e2").outcome().reason(), "SESSION_LOST");
  EXPECT_EQ(Run(*policy, "e3", {"exit", "6"}).outcome().exit_code(), 6);
}

TEST_F(JobSessionTest, SessionThatIsEndingTakesNoJob) {
  const auto policy = Connect();
  Start(*policy, "e1", {"hang"}, true);
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));
  EndSession();

  Send(SessionJob("e2", {"echo"}, /*opens=*/false));

  EXPECT_EQ(AwaitEnd(*policy, "e2").outcome().reason(), "SESSION_LOST");
}

TEST_F(JobSessionTest, SandboxThatCannotBeUsedTakesNoJob) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);
  backend_.LoseSandboxes();

  Send(SessionJob("e2", {"echo"}, /*opens=*/false));

  EXPECT_EQ(AwaitEnd(*policy, "e2").outcome().reason(), "SESSION_LOST");
}

TEST_F(JobSessionTest, ProcessThatOutlivesItsTimeCostsTheSession) {
  const auto policy = Connect();
  Start(*policy, "e1", {"hang"}, true);
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  clock_.Advance(job_timeout_ + absl::Seconds(20));
  table_->Tick();

  const internal::v1::JobEnded ended = AwaitEnd(*policy);
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_SANDBOX_FAILED);
  EXPECT_TRUE(ended.session_lost());
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobSessionTest, NothingIsStillBeforeTheSandboxIsGone) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);
  // As often as it is tried before it is kept for later.
  backend_.FailNextDestroys(2);

  EndSession();

  EXPECT_FALSE(table_->WaitStill(absl::Now() + absl::Milliseconds(200)));
  reaper_.Sweep();
  EXPECT_TRUE(table_->WaitStill(absl::Now() + kWait));
}

TEST_F(JobSessionTest, StatusTellsHowManyThereAre) {
  const auto policy = Connect();
  Run(*policy, "e1", {"echo"}, true);

  table_->SetStatus({});

  EXPECT_TRUE(policy
                  ->Await([](const Message& message) {
                    return message.status().sessions() == 1;
                  })
                  .has_value());
}

TEST_F(JobSessionTest, FileActionSaysWhyItWasNotDone) {
  const auto policy = Connect();
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {});
  spec.set_session("se-1");
  spec.mutable_action()->mutable_file_read()->set_path("no/such");
  internal::v1::Job job = MakeJob(spec, 1);
  job.set_opens_session(true);
  Send(job);
  ASSERT_TRUE(AwaitReady(*policy));

  SendGrant(job);

  const Outcome outcome = AwaitEnd(*policy).outcome();
  EXPECT_EQ(outcome.ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_NE(outcome.exit_code(), 0);
  EXPECT_EQ(outcome.reason(), "FILE_NOT_FOUND");
  SendEndAck(job);
  Settle();
  // The same exit code of a program of the agent means what it likes.
  EXPECT_EQ(Run(*policy, "e2", {"exit", std::to_string(outcome.exit_code())})
                .outcome()
                .reason(),
            "");
}

}  // namespace
}  // namespace airlock::executor
