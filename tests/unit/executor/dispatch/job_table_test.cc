#include "services/executor/dispatch/job_table.h"

#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

TEST_F(JobTableTest, GrantedJobRunsAndTellsItsEnd) {
  const auto policy = Connect();

  const auto job = StartJob(*policy, {"echo", "Hello", "from", "sandbox"});
  const auto end = AwaitEnd(*policy);

  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(end.outcome().exit_code(), 0);
  EXPECT_EQ(end.outcome().usage().stdout_bytes(), 19U);
  EXPECT_EQ(policy->Output(airlock::v1::OUTPUT_STREAM_STDOUT),
            "Hello from sandbox\n");
}

TEST_F(JobTableTest, EndComesAfterTheLastByte) {
  const auto policy = Connect();

  StartJob(*policy, {"spam", "200000"});
  AwaitEnd(*policy);

  EXPECT_TRUE(policy->messages().back().has_job_ended());
  EXPECT_EQ(policy->Output(airlock::v1::OUTPUT_STREAM_STDOUT).size(), 200000U);
}

TEST_F(JobTableTest, WithoutGrantNothingStarts) {
  const auto policy = Connect();

  SendJob({"echo", "hi"});
  ASSERT_TRUE(AwaitReady(*policy));

  EXPECT_FALSE(backend_.WaitForStarted(1, absl::Milliseconds(50)));
}

TEST_F(JobTableTest, WrongDigestIsRefusedBeforeASandboxIsMade) {
  const auto policy = Connect();
  internal::v1::Job job = MakeJob(MakeCommandSpec("e1", {"echo", "hi"}));
  job.mutable_spec()->back() ^= 1;

  Send(job);
  const auto end = AwaitEnd(*policy);

  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(end.outcome().reason(), "DIGEST_MISMATCH");
  EXPECT_FALSE(end.retriable());
  EXPECT_TRUE(backend_.created_specs().empty());
}

TEST_F(JobTableTest, SpecOfAnotherExecutionIsRefused) {
  const auto policy = Connect();
  internal::v1::Job job = MakeJob(MakeCommandSpec("e2", {"echo", "hi"}));
  job.set_execution_id("e1");

  Send(job);

  EXPECT_EQ(AwaitEnd(*policy).outcome().reason(), "SPEC_INVALID");
}

TEST_F(JobTableTest, UnknownFieldInTheSpecIsRefused) {
  const auto policy = Connect();
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"echo", "hi"});
  internal::v1::SandboxSpec* const sandbox = spec.mutable_sandbox();
  internal::v1::SandboxSpec::GetReflection()
      ->MutableUnknownFields(sandbox)
      ->AddVarint(1000, 1);

  Send(MakeJob(spec));

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().reason(), "SPEC_INVALID");
  EXPECT_THAT(end.outcome().message(), testing::HasSubstr("1000"));
  EXPECT_TRUE(backend_.created_specs().empty());
}

TEST_F(JobTableTest, JobForAnotherBackendMayBeTriedElsewhere) {
  const auto policy = Connect();
  internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", {"echo", "hi"});
  spec.mutable_sandbox()->set_backend("ssh");

  Send(MakeJob(spec));

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().reason(), "BACKEND_MISMATCH");
  EXPECT_TRUE(end.retriable());
}

TEST_F(JobTableTest, EveryCreditOfEachSlotIsGivenOnce) {
  const auto policy = Connect();

  ASSERT_TRUE(AwaitCredits(*policy, 2));
  table_->Tick();
  table_->SetBackend(true, {});

  EXPECT_EQ(policy->credits(), 2U);
}

TEST_F(JobTableTest, CreditComesBackAfterEndAckAndDestroy) {
  const auto policy = Connect();
  const auto job = StartJob(*policy, {"echo", "hi"});
  AwaitEnd(*policy);
  ASSERT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
  EXPECT_EQ(policy->credits(), 2U);

  SendEndAck(job);

  EXPECT_TRUE(AwaitCredits(*policy, 3));
  EXPECT_TRUE(table_->WaitIdle(absl::Now() + kWait));
}

TEST_F(JobTableTest, FreeSlotIsGivenAtTheNextTickAtTheLatest) {
  table_ = MakeTable(8, 1);
  const auto policy = Connect();
  const auto job = StartJob(*policy, {"echo", "hi"});
  AwaitEnd(*policy);
  SendEndAck(job);
  ASSERT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_EQ(policy->credits(), 8U) << "most of them are unused";

  table_->Tick();

  EXPECT_TRUE(AwaitCredits(*policy, 9));
}

TEST_F(JobTableTest, JobBeyondTheCreditsIsNotHeld) {
  const auto policy = Connect();
  SendJob({"sleep", "30"}, 1, "e1");
  SendJob({"sleep", "30"}, 1, "e2");

  SendJob({"sleep", "30"}, 1, "e3");

  const auto end = AwaitEnd(*policy, "e3");
  EXPECT_EQ(end.outcome().reason(), "NO_CREDIT");
  EXPECT_TRUE(end.retriable());
  EXPECT_EQ(table_->MakeHello(0).held_jobs_size(), 2);
}

TEST_F(JobTableTest, EachLinkHasItsShareOfTheSlots) {
  table_ = MakeTable(3, 2);
  const auto first = Connect(0);
  const auto second = Connect(1);

  EXPECT_TRUE(AwaitCredits(*first, 2));
  EXPECT_TRUE(AwaitCredits(*second, 1));
  EXPECT_EQ(table_->MakeHello(0).slots(), 2U);
  EXPECT_EQ(table_->MakeHello(1).slots(), 1U);
}

TEST_F(JobTableTest, JobOfOneLinkIsNoBusinessOfAnother) {
  table_ = MakeTable(2, 2);
  const auto first = Connect(0);
  const auto second = Connect(1);
  const auto job = StartJob(*first, {"sleep", "30"});
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  internal::v1::ConnectResponse cancel;
  cancel.mutable_cancel_job()->set_execution_id(job.execution_id());
  cancel.mutable_cancel_job()->set_fence(job.fence());
  table_->OnMessage(1, cancel, clock_.Monotonic());

  EXPECT_EQ(AwaitEnd(*first, "e1", absl::Milliseconds(50)).outcome().ended_by(),
            Outcome::ENDED_BY_UNSPECIFIED);
}

TEST_F(JobTableTest, NewerFenceReplacesTheOlderJob) {
  const auto policy = Connect();
  SendJob({"sleep", "30"}, 1);
  ASSERT_TRUE(AwaitReady(*policy));

  SendJob({"sleep", "30"}, 2);

  EXPECT_EQ(AwaitEnd(*policy).fence(), 1U);
  EXPECT_TRUE(policy->Await(
      [](const Message& message) { return message.job_ready().fence() == 2; }));
}

TEST_F(JobTableTest, OlderFenceIsIgnored) {
  const auto policy = Connect();
  SendJob({"sleep", "30"}, 5);
  ASSERT_TRUE(AwaitReady(*policy));

  SendJob({"echo", "old"}, 4);

  EXPECT_TRUE(AwaitCredits(*policy, 3)) << "its credit must come back";
  EXPECT_EQ(table_->MakeHello(0).held_jobs_size(), 1);
}

TEST_F(JobTableTest, HopelessCreateIsNotRetriable) {
  const auto policy = Connect();
  backend_.FailNextCreate(absl::NotFoundError("no such image: x"));

  SendJob({"echo", "hi"});

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().reason(), "IMAGE_NOT_FOUND");
  EXPECT_FALSE(end.retriable());
  EXPECT_EQ(troubles_, 0);
}

TEST_F(JobTableTest, CreateWithoutEngineIsRetriableAndRaisesSuspicion) {
  const auto policy = Connect();
  backend_.FailNextCreate(absl::UnavailableError("engine is down"));

  SendJob({"echo", "hi"});

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(end.outcome().reason(), "BACKEND_UNAVAILABLE");
  EXPECT_TRUE(end.retriable());
  EXPECT_EQ(troubles_, 1);
}

TEST_F(JobTableTest, WithoutBackendJobsAreGivenBackAndNoCreditIsGiven) {
  const auto policy = Connect();
  table_->SetBackend(false, {});
  const auto job = SendJob({"echo", "hi"});

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().reason(), "BACKEND_UNAVAILABLE");
  EXPECT_TRUE(end.retriable());
  SendEndAck(job);
  ASSERT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_EQ(policy->credits(), 2U);
  EXPECT_FALSE(table_->ready());

  table_->SetBackend(true, {});

  EXPECT_TRUE(AwaitCredits(*policy, 3));
  EXPECT_TRUE(table_->ready());
}

TEST_F(JobTableTest, SandboxThatWaitsIsTakenWithoutMakingOne) {
  warm_pool_.SetBackend(true, {});
  warm_pool_.AwaitFirstFill(kWait);
  // Nothing could be made now.
  backend_.HoldCreates(true);
  const auto policy = Connect();

  StartJob(*policy, {"echo", "hi"});

  EXPECT_EQ(AwaitEnd(*policy).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(backend_.created_specs().size(), 1U);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait)) << "used once";
}

TEST_F(JobTableTest, SandboxThatWaitsIsOnlyForWhatAsksForExactlyThat) {
  warm_pool_.SetBackend(true, {});
  warm_pool_.AwaitFirstFill(kWait);
  const auto policy = Connect();
  internal::v1::ExecutionSpec narrower = MakeCommandSpec("e1", {"echo", "hi"});
  narrower.mutable_sandbox()->set_pids(64);

  Send(MakeJob(narrower));
  ASSERT_TRUE(AwaitReady(*policy));

  ASSERT_EQ(backend_.created_specs().size(), 2U);
  EXPECT_EQ(backend_.created_specs().back().pids, 64U);
  EXPECT_EQ(warm_pool_.ready(), 1U);
}

TEST_F(JobTableTest, ProcessThatMayHaveLeftSomethingCostsOnlyItsSandbox) {
  const auto policy = Connect();
  backend_.SetProcessesEndEmpty(false);

  StartJob(*policy, {"echo", "hi"});
  AwaitEnd(*policy);

  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(JobTableTest, SandboxThatCannotBeRemovedKeepsItsSlotUntilItIs) {
  const auto policy = Connect();
  backend_.FailNextDestroys(2);
  const auto job = StartJob(*policy, {"echo", "hi"});
  AwaitEnd(*policy);
  SendEndAck(job);
  EXPECT_FALSE(table_->WaitIdle(absl::Now() + absl::Milliseconds(100)));

  for (int i = 0; i < 100 && backend_.live_sandboxes() > 0; ++i) {
    reaper_.Sweep();
    backend_.WaitForLiveSandboxes(0, absl::Milliseconds(50));
  }

  EXPECT_TRUE(table_->WaitIdle(absl::Now() + kWait));
  EXPECT_TRUE(AwaitCredits(*policy, 3));
}

TEST_F(JobTableTest, SandboxLostUnderAProcessIsSaidToBe) {
  const auto policy = Connect();
  StartJob(*policy, {"sleep", "30"});
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  backend_.LoseSandboxes();

  EXPECT_EQ(AwaitEnd(*policy).outcome().ended_by(),
            Outcome::ENDED_BY_SANDBOX_FAILED);
}

TEST_F(JobTableTest, CommandNotFoundWasNotStarted) {
  const auto policy = Connect();

  StartJob(*policy, {"no-such-program"});

  const auto end = AwaitEnd(*policy);
  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(end.outcome().reason(), "COMMAND_NOT_FOUND");
  EXPECT_FALSE(end.retriable());
}

TEST_F(JobTableTest, HelloSaysWhoItIsAndWhatItHolds) {
  const auto policy = Connect();
  StartJob(*policy, {"sleep", "30"});
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  const internal::v1::Hello hello = table_->MakeHello(0);

  EXPECT_EQ(hello.protocol_version(), 1U);
  EXPECT_EQ(hello.executor_id(), "ex-1");
  EXPECT_EQ(hello.boot_nonce(), boot_);
  EXPECT_EQ(hello.backend(), "docker");
  EXPECT_EQ(hello.slots(), 2U);
  EXPECT_EQ(hello.labels().at("zone"), "a");
  ASSERT_EQ(hello.images_size(), 1);
  EXPECT_EQ(hello.images(0).id(), "sha256:1");
  ASSERT_EQ(hello.held_jobs_size(), 1);
  EXPECT_EQ(hello.held_jobs(0).execution_id(), "e1");
  EXPECT_TRUE(hello.held_jobs(0).started());
}

TEST_F(JobTableTest, ChangedImagesAreToldOnce) {
  const auto policy = Connect();

  table_->SetBackend(true, {{"airlock/sandbox:latest", "sha256:2"}});
  table_->SetBackend(true, {{"airlock/sandbox:latest", "sha256:2"}});
  Settle();

  int told = 0;
  for (const Message& message : policy->messages()) {
    if (!message.has_images_changed()) continue;
    ++told;
    EXPECT_EQ(message.images_changed().images(0).id(), "sha256:2");
  }
  EXPECT_EQ(told, 1);
}

TEST_F(JobTableTest, StatusIsToldOnEachStreamAndWhenItChangesOnceASecond) {
  const auto count = [](const RecordingConnection& policy) {
    const auto messages = policy.messages();
    return std::count_if(
        messages.begin(), messages.end(),
        [](const Message& message) { return message.has_status(); });
  };
  internal::v1::ExecutorStatus status;
  status.set_sandboxes(1);
  const auto first = Connect();
  EXPECT_EQ(count(*first), 0);

  table_->SetStatus(status);
  table_->SetStatus(status);
  Settle();
  EXPECT_EQ(count(*first), 1);
  status.set_sandboxes(2);
  table_->SetStatus(status);
  Settle();
  EXPECT_EQ(count(*first), 1) << "too early";
  clock_.Advance(absl::Seconds(1));
  table_->SetStatus(status);
  Settle();
  EXPECT_EQ(count(*first), 2);
  clock_.Advance(absl::Seconds(1));
  table_->SetStatus(status);
  Settle();
  EXPECT_EQ(count(*first), 2) << "nothing is new";

  const auto second = Connect();
  ASSERT_EQ(count(*second), 1);
  EXPECT_TRUE(second->messages().front().status().ready());
  EXPECT_EQ(second->messages().front().status().sandboxes(), 2U);
}

}  // namespace
}  // namespace airlock::executor
