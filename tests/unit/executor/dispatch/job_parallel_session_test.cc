// Jobs of a parallel session: one sandbox for several at once.
#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

class JobParallelSessionTest : public JobTableTest {
 protected:
  void SetUp() override {
    table_->Stop();
    table_ = MakeTable(/*slots=*/4, /*links=*/1);
  }

  static internal::v1::Job SessionJob(const std::string& id, const Argv& argv,
                                      bool opens, bool parallel = true) {
    internal::v1::ExecutionSpec spec =
        MakeCommandSpec(id, argv, absl::Seconds(30));
    spec.set_session("se-1");
    spec.set_session_parallel(parallel);
    internal::v1::Job job = MakeJob(spec, 1);
    job.set_opens_session(opens);
    return job;
  }
  // Sends a job and waits until it could start.
  internal::v1::Job Ready(RecordingConnection& policy, const std::string& id,
                          const Argv& argv, bool opens = false) {
    internal::v1::Job job = SessionJob(id, argv, opens);
    Send(job);
    EXPECT_TRUE(AwaitReady(policy, id));
    return job;
  }
  internal::v1::Job Start(RecordingConnection& policy, const std::string& id,
                          const Argv& argv, bool opens = false) {
    internal::v1::Job job = Ready(policy, id, argv, opens);
    SendGrant(job);
    return job;
  }
  bool AwaitSandboxes(int count) {
    return backend_.WaitForLiveSandboxes(count, kWait);
  }
};

TEST_F(JobParallelSessionTest, JobsRunAtOnceInOneSandbox) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);
  Start(*policy, "e2", {"sleep", "60"});
  ASSERT_TRUE(backend_.WaitForStarted(2, kWait));

  const internal::v1::Job third = Start(*policy, "e3", {"exit", "3"});

  const internal::v1::JobEnded ended = AwaitEnd(*policy, "e3");
  EXPECT_EQ(ended.outcome().exit_code(), 3);
  EXPECT_FALSE(ended.session_lost());
  SendEndAck(third);
  Settle();
  EXPECT_EQ(table_->MakeHello(0).held_sessions_size(), 1);
  for (const SandboxSpec& created : backend_.created_specs()) {
    EXPECT_TRUE(created.parallel);
  }
  EXPECT_EQ(backend_.created_specs().size(), 1U);
}

TEST_F(JobParallelSessionTest, EndSessionCancelsAllThatRunInIt) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);
  Start(*policy, "e2", {"sleep", "60"});
  ASSERT_TRUE(backend_.WaitForStarted(2, kWait));

  Send([](internal::v1::ConnectResponse& message) {
    message.mutable_end_session()->set_session_id("se-1");
  });

  for (const char* id : {"e1", "e2"}) {
    const internal::v1::JobEnded ended = AwaitEnd(*policy, id);
    EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
    EXPECT_EQ(ended.outcome().reason(), "SESSION_CLOSED");
  }
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobParallelSessionTest, OneNotProvablyEmptyCostsTheNeighboursToo) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));
  backend_.SetProcessesEndEmpty(false);

  Start(*policy, "e2", {"echo"});

  EXPECT_TRUE(AwaitEnd(*policy, "e2").session_lost());
  const internal::v1::JobEnded neighbour = AwaitEnd(*policy, "e1");
  EXPECT_EQ(neighbour.outcome().ended_by(), Outcome::ENDED_BY_SANDBOX_FAILED);
  EXPECT_TRUE(neighbour.session_lost());
  EXPECT_TRUE(AwaitSandboxes(0));
}

TEST_F(JobParallelSessionTest, NothingStartsInASessionThatWasLostMeanwhile) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);
  const internal::v1::Job waiting = Ready(*policy, "e2", {"echo"});
  backend_.SetProcessesEndEmpty(false);
  Start(*policy, "e3", {"echo"});
  EXPECT_TRUE(AwaitEnd(*policy, "e3").session_lost());
  ASSERT_TRUE(AwaitSandboxes(0));

  SendGrant(waiting);

  const internal::v1::JobEnded ended = AwaitEnd(*policy, "e2");
  EXPECT_EQ(ended.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(ended.outcome().reason(), "SESSION_LOST");
  EXPECT_TRUE(ended.session_lost());
}

TEST_F(JobParallelSessionTest, JobOfAnotherKindDoesNotRunInIt) {
  const auto policy = Connect();
  Start(*policy, "e1", {"sleep", "60"}, true);

  Send(SessionJob("e2", {"echo"}, /*opens=*/true, /*parallel=*/false));

  EXPECT_EQ(AwaitEnd(*policy, "e2").outcome().reason(), "SESSION_MISMATCH");
}

}  // namespace
}  // namespace airlock::executor
