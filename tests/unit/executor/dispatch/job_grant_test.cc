// Which grants start a job, and which never do.
#include "tests/unit/executor/dispatch/job_table_fixture.h"

namespace airlock::executor {
namespace {

using internal::v1::Grant;
using internal::v1::GrantClaims;
using internal::v1::Job;

class JobGrantTest : public JobTableTest {
 protected:
  // A job that waits for its grant.
  Job WaitingJob() {
    policy_ = Connect();
    Job job = SendJob({"echo", "hi"});
    EXPECT_TRUE(AwaitReady(*policy_));
    return job;
  }
  GrantClaims ClaimsFor(const Job& job) const {
    return MakeClaims(job, "ex-1", boot_);
  }
  void ExpectRefused() {
    const auto end = AwaitEnd(*policy_);
    EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
    EXPECT_EQ(end.outcome().reason(), "GRANT_INVALID");
    EXPECT_FALSE(end.retriable());
    EXPECT_TRUE(backend_.started_processes().empty());
    EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
  }

  std::shared_ptr<RecordingConnection> policy_;
};

TEST_F(JobGrantTest, OldKeyStartsWhileTheNewOneStandsBesideIt) {
  const SigningKey next = SigningKey::Generate();
  const Job job = WaitingJob();
  AcceptKeys({&key_, &next});

  Send(SignGrant(ClaimsFor(job), key_));

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(JobGrantTest, NewKeyStartsWhileTheOldOneStandsBesideIt) {
  const SigningKey next = SigningKey::Generate();
  const Job job = WaitingJob();
  AcceptKeys({&key_, &next});

  Send(SignGrant(ClaimsFor(job), next));

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(JobGrantTest, RetiredKeyDoesNotStart) {
  const SigningKey next = SigningKey::Generate();
  const Job job = WaitingJob();
  AcceptKeys({&next});

  Send(SignGrant(ClaimsFor(job), key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, ValidGrantStarts) {
  const Job job = WaitingJob();

  Send(SignGrant(ClaimsFor(job), key_));

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(JobGrantTest, WrongSignatureDoesNotStart) {
  const Job job = WaitingJob();
  Grant grant = SignGrant(ClaimsFor(job), key_);
  grant.mutable_signature()->front() ^= 1;

  Send(grant);

  ExpectRefused();
}

TEST_F(JobGrantTest, KeyOfAnotherDoesNotStart) {
  const Job job = WaitingJob();

  Send(SignGrant(ClaimsFor(job), SigningKey::Generate()));

  ExpectRefused();
}

TEST_F(JobGrantTest, ClaimsChangedAfterSigningDoNotStart) {
  const Job job = WaitingJob();
  Grant grant = SignGrant(ClaimsFor(job), key_);
  GrantClaims claims = ClaimsFor(job);
  *claims.mutable_lifetime() = ToProto(absl::Seconds(60));
  grant.set_claims(claims.SerializeAsString());

  Send(grant);

  ExpectRefused();
}

TEST_F(JobGrantTest, SignatureWithoutTheDomainDoesNotStart) {
  const Job job = WaitingJob();
  Grant grant = SignGrant(ClaimsFor(job), key_);
  grant.set_signature(key_.Sign(grant.claims()));

  Send(grant);

  ExpectRefused();
}

TEST_F(JobGrantTest, OtherDigestDoesNotStart) {
  const Job job = WaitingJob();
  GrantClaims claims = ClaimsFor(job);
  claims.mutable_digest()->front() ^= 1;

  Send(SignGrant(claims, key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, OtherExecutorDoesNotStart) {
  const Job job = WaitingJob();

  Send(SignGrant(MakeClaims(job, "ex-2", boot_), key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, OtherBootDoesNotStart) {
  const Job job = WaitingJob();

  Send(SignGrant(MakeClaims(job, "ex-1", std::string(16, 'c')), key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, OtherFenceDoesNotStart) {
  const Job job = WaitingJob();
  GrantClaims claims = ClaimsFor(job);
  claims.set_fence(job.fence() + 1);

  Send(SignGrant(claims, key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, GrantOfAnotherExecutionInThisOnesNameDoesNotStart) {
  const Job job = WaitingJob();
  GrantClaims claims = ClaimsFor(job);
  claims.set_execution_id("e2");
  Grant grant = SignGrant(claims, key_);
  grant.set_execution_id("e1");

  Send(grant);

  ExpectRefused();
}

TEST_F(JobGrantTest, GrantThatWaitedPastItsLifetimeDoesNotStart) {
  const Job job = WaitingJob();
  internal::v1::ConnectResponse message;
  *message.mutable_grant() = SignGrant(ClaimsFor(job), key_);
  const absl::Duration received_at = clock_.Monotonic();

  clock_.Advance(absl::Seconds(10));
  table_->OnMessage(0, message, received_at);

  ExpectRefused();
}

TEST_F(JobGrantTest, JumpOfTheWallClockDoesNotMatter) {
  const Job job = WaitingJob();

  clock_.JumpWall(absl::Hours(24));
  Send(SignGrant(ClaimsFor(job), key_));

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST_F(JobGrantTest, GrantWithoutOrWithTooLongALifetimeDoesNotStart) {
  for (const absl::Duration lifetime :
       {absl::ZeroDuration(), absl::Seconds(-1), absl::Hours(1)}) {
    const Job job = MakeJob(MakeCommandSpec("e1", {"echo", "hi"}));
    GrantClaims claims = ClaimsFor(job);
    *claims.mutable_lifetime() = ToProto(lifetime);
    const GrantSubject subject = {
        .execution_id = "e1", .digest = job.digest(), .fence = job.fence()};

    EXPECT_FALSE(grants_
                     .Verify(SignGrant(claims, key_), subject,
                             absl::ZeroDuration(), absl::ZeroDuration())
                     .ok())
        << lifetime;
  }
}

TEST_F(JobGrantTest, ClaimNobodyKnowsDoesNotStart) {
  const Job job = WaitingJob();
  GrantClaims claims = ClaimsFor(job);
  claims.GetReflection()->MutableUnknownFields(&claims)->AddVarint(99, 1);

  Send(SignGrant(claims, key_));

  ExpectRefused();
}

TEST_F(JobGrantTest, GrantBeforeTheSandboxIsThereDoesNotStart) {
  policy_ = Connect();
  backend_.HoldCreates(true);
  const Job job = SendJob({"echo", "hi"});

  SendGrant(job);
  backend_.HoldCreates(false);

  ExpectRefused();
}

TEST_F(JobGrantTest, SecondGrantChangesNothing) {
  policy_ = Connect();
  const Job job = StartJob(*policy_, {"sleep", "0.2"});
  ASSERT_TRUE(backend_.WaitForStarted(1, kWait));

  SendGrant(job);

  EXPECT_EQ(AwaitEnd(*policy_).outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(backend_.started_processes().size(), 1u);
}

TEST_F(JobGrantTest, GrantReplayedAfterTheEndStartsNothing) {
  policy_ = Connect();
  const Job job = StartJob(*policy_, {"echo", "hi"});
  AwaitEnd(*policy_);
  SendGrant(job);
  SendEndAck(job);
  ASSERT_TRUE(table_->WaitIdle(absl::Now() + kWait));

  SendGrant(job);
  // Nor does it if the policy sends the very same job once more.
  Send(job);
  ASSERT_TRUE(AwaitReady(*policy_));

  EXPECT_EQ(backend_.started_processes().size(), 1u);
}

TEST_F(JobGrantTest, CancelledJobNeverStartsWhateverComesLater) {
  const Job job = WaitingJob();

  SendCancel(job);
  SendGrant(job);

  const auto end = AwaitEnd(*policy_);
  EXPECT_EQ(end.outcome().ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(end.outcome().reason(), "CANCELLED");
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
  EXPECT_TRUE(backend_.started_processes().empty());
}

}  // namespace
}  // namespace airlock::executor
