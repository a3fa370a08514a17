// What a service does with what the one before it left behind.
#include <string>

#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/policy/dispatch/spec_builder.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::HeldJob;
using airlock::internal::v1::Job;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

class RecoveryTest : public DispatchFixture {
 protected:
  RecoveryTest()
      : DispatchFixture(R"({"autonomy":{"level":"full"},
          "approvalGating":{"timeout":60000,"rules":[
            {"action":"code_exec","approval":"required"}]}})") {}

  std::shared_ptr<FakeSink> Ask(const std::string& request_id) {
    airlock::v1::ExecuteRequest request;
    request.set_request_id(request_id);
    request.mutable_action()->mutable_code_exec()->set_language("python");
    request.mutable_action()->mutable_code_exec()->set_code("print(1)");
    return Send("ada", request);
  }

  // An executor of the same boot that held this when the service ended.
  std::shared_ptr<FakeExecutor> Back(const HeldJob& held) {
    auto executor = std::make_shared<FakeExecutor>(*dispatcher_, "ex-1", 'a');
    executor->Connect({held});
    executors_.push_back(executor);
    return executor;
  }
};

TEST_F(RecoveryTest, QuestionStaysOpenUntilItsDeadline) {
  const Approval asked = PendingOf(*Ask("r1"));
  Pass(absl::Seconds(20));
  Restart();

  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_PENDING);
  Pass(absl::Seconds(38));
  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_PENDING);
  Pass(absl::Seconds(3));
  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_EXPIRED);
}

TEST_F(RecoveryTest, QuestionCanBeAnsweredAndRunsWhatWasAskedAbout) {
  const Approval asked = PendingOf(*Ask("r1"));
  Restart();
  const auto executor = NewExecutor("ex-1");

  ASSERT_THAT(Decide("bob", asked, ApprovalAnswer::ANSWER_APPROVE), IsOk());
  const Job job = FinishNewest(*executor);

  EXPECT_EQ(HexEncode(job.digest()), asked.digest());
  EXPECT_EQ(SpecOf(job).action().code_exec().code(), "print(1)");
  EXPECT_EQ(Get("ada", asked.execution_id())->state(),
            PublicExecution::STATE_FINISHED);
}

TEST_F(RecoveryTest, ClientAttachesAgainToItsQuestion) {
  const Approval asked = PendingOf(*Ask("r1"));
  Restart();

  const auto again = Ask("r1");

  EXPECT_EQ(again->id(), asked.execution_id());
  ASSERT_THAT(Decide("bob", asked, ApprovalAnswer::ANSWER_REJECT, "no"),
              IsOk());
  EXPECT_EQ(again->completed().state(), PublicExecution::STATE_REJECTED);
}

TEST_F(RecoveryTest, RejectionIsRemembered) {
  ASSERT_THAT(
      Decide("bob", PendingOf(*Ask("r1")), ApprovalAnswer::ANSWER_REJECT, "no"),
      IsOk());
  Restart();

  EXPECT_EQ(Ask("r2")->completed().state_reason(), "REJECTED_BEFORE");
}

TEST_F(RecoveryTest, WhatWaitedIsQueuedAgain) {
  const auto sink = Execute("ada", "r1");
  Pass(absl::Seconds(1));
  Restart();
  const auto executor = NewExecutor("ex-1");

  ASSERT_EQ(executor->jobs().size(), 1U);
  FinishNewest(*executor);

  EXPECT_EQ(Get("ada", sink->id())->state(), PublicExecution::STATE_FINISHED);
}

TEST_F(RecoveryTest, ApprovedWorkIsQueuedAgain) {
  const auto sink = Ask("r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), ApprovalAnswer::ANSWER_APPROVE),
              IsOk());
  Restart();
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(RecoveryTest, RunningWorkIsTakenUpFromItsExecutor) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "before ");
  Restart();
  const auto again = Execute("ada", "r1");
  EXPECT_EQ(again->id(), sink->id());

  HeldJob held = Held(job);
  held.set_stdout_kept_from(4);
  const auto back = Back(held);
  EXPECT_TRUE(back->grants().empty()) << "it runs already";
  back->SayOutput(job, 4, "re after");
  back->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(again->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(again->output(airlock::v1::OUTPUT_STREAM_STDOUT), "re after");
  EXPECT_EQ(again->skipped_bytes(), 4U) << "what nobody has any more is told";
}

TEST_F(RecoveryTest, CreditGoesOnWhereItWas) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  Restart();

  HeldJob held = Held(job);
  held.set_stdout_kept_from(100'000'000);
  const auto back = Back(held);

  ASSERT_TRUE(back->last().has_output_credit());
  EXPECT_GT(back->last().output_credit().limit_bytes(), 100'000'000U);
  back->SayOutput(job, 100'000'000, "more");
  EXPECT_FALSE(back->closed().has_value());
}

TEST_F(RecoveryTest, GrantThatWasNotSentIsSentOnce) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  Restart();

  HeldJob held = Held(job);
  held.set_started(false);
  const auto back = Back(held);

  EXPECT_EQ(back->grants().size(), 1U);
}

TEST_F(RecoveryTest, GrantThatWasNotSentIsNotSentToWhatIsFrozenNow) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  dispatcher_->Freeze({"op", airlock::v1::PRINCIPAL_ROLE_OPERATOR}, {},
                      [](const auto& done) { EXPECT_THAT(done, IsOk()); });
  Restart();

  HeldJob held = Held(job);
  held.set_started(false);
  const auto back = Back(held);

  EXPECT_TRUE(back->grants().empty());
  EXPECT_EQ(back->Count(ConnectResponse::kCancelJob), 1);
  back->SayEnded(job, Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(Get("ada", sink->id())->outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
}

TEST_F(RecoveryTest, GrantThatWasNotSentIsNotSentToWhatIsForbiddenNow) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  ReplacePolicy(R"({"autonomy":{"level":"readonly"}})");
  Restart();

  HeldJob held = Held(job);
  held.set_started(false);
  const auto back = Back(held);

  EXPECT_TRUE(back->grants().empty());
  EXPECT_EQ(back->Count(ConnectResponse::kCancelJob), 1);
}

TEST_F(RecoveryTest, ExecutorOfAnotherBootLeavesTheOutcomeUnknown) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  RunNewest(*executor);
  Restart();

  const auto other = NewExecutor("ex-1", 'b');

  EXPECT_EQ(Get("ada", sink->id())->outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  EXPECT_TRUE(other->jobs().empty()) << "nothing runs twice";
}

TEST_F(RecoveryTest, ExecutorThatStaysAwayLeavesTheOutcomeUnknown) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  RunNewest(*executor);
  Restart();

  Pass(absl::Seconds(69));
  EXPECT_EQ(Get("ada", sink->id())->state(), PublicExecution::STATE_RUNNING);
  Pass(absl::Seconds(2));

  EXPECT_EQ(Get("ada", sink->id())->outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
}

TEST_F(RecoveryTest, OldFenceNeverCountsForANewAssignment) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  Pass(absl::Seconds(1));
  const Job old = executor->jobs().back();
  Restart();

  const auto back = std::make_shared<FakeExecutor>(*dispatcher_, "ex-1", 'a');
  executors_.push_back(back);
  HeldJob held = Held(old);
  held.set_started(false);
  back->Connect({held});
  back->GiveCredits(1);

  ASSERT_EQ(back->jobs().size(), 1U);
  EXPECT_GT(back->jobs().back().fence(), old.fence());
}

TEST_F(RecoveryTest, OutputOfWhatEndedIsKept) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "kept");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);
  Restart();

  const auto again = Watch("ada", sink->id());

  EXPECT_EQ(again->output(airlock::v1::OUTPUT_STREAM_STDOUT), "kept");
  EXPECT_EQ(again->completed().state(), PublicExecution::STATE_FINISHED);
}

TEST_F(RecoveryTest, SessionGoesOnWithItsExecutor) {
  const auto executor = NewExecutor("ex-1", 'a', 4);
  ExecuteIn("ada", "s", "r1");
  const std::string session = SpecOf(FinishNewest(*executor)).session();
  Restart();

  const auto back = std::make_shared<FakeExecutor>(*dispatcher_, "ex-1", 'a');
  executors_.push_back(back);
  back->Connect({}, {session});
  back->GiveCredits(4);
  ExecuteIn("ada", "s", "r2");

  EXPECT_TRUE(back->ended_sessions().empty());
  ASSERT_EQ(back->jobs().size(), 1U);
  EXPECT_EQ(SpecOf(back->jobs().back()).session(), session);
  EXPECT_EQ(SpecOf(back->jobs().back()).session_generation(), 1U);
}

TEST_F(RecoveryTest, SessionWithoutItsSandboxIsLost) {
  const auto executor = NewExecutor("ex-1", 'a', 4);
  ExecuteIn("ada", "s", "r1");
  FinishNewest(*executor);
  Restart();
  const auto back = NewExecutor("ex-1", 'a', 4);

  const auto refused = ExecuteIn("ada", "s", "r2");

  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(ErrorReason(*refused->finished()), "SESSION_LOST");
}

TEST_F(RecoveryTest, FreezeHolds) {
  dispatcher_->Freeze({"op", airlock::v1::PRINCIPAL_ROLE_OPERATOR}, {},
                      [](const auto& done) { EXPECT_THAT(done, IsOk()); });
  Restart();
  const auto executor = NewExecutor("ex-1");

  Execute("ada", "r1");

  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(RecoveryTest, GrantIsNotSentWhileStartsAreStopped) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  dispatcher_->Freeze({"op", airlock::v1::PRINCIPAL_ROLE_OPERATOR}, {},
                      [](const auto& done) { EXPECT_THAT(done, IsOk()); });
  Restart();

  HeldJob held = Held(job);
  held.set_started(false);
  const auto back = Back(held);

  EXPECT_TRUE(back->grants().empty());
  EXPECT_EQ(back->Count(airlock::internal::v1::ConnectResponse::kCancelJob), 1);
}

TEST_F(RecoveryTest, ExecutorIsToldToEndWhatIsOver) {
  const auto executor = NewExecutor("ex-1");
  Execute("ada", "r1");
  executor->SayReady(executor->jobs().back());
  const Job job = executor->jobs().back();
  executor->Disconnect();
  Pass(absl::Seconds(71));

  const auto back = Back(Held(job));

  EXPECT_EQ(back->Count(airlock::internal::v1::ConnectResponse::kCancelJob), 1);
}

// Somebody has changed what the store says of a question.
class EditedStoreTest : public RecoveryTest {
 protected:
  void RestartWith(const std::function<void(LiveState&)>& edit) {
    dispatcher_->AbortStreams();
    executors_.clear();
    MakeDispatcherOnly();
    store_.LoadLive(absl::InfinitePast(), [&](absl::StatusOr<LiveState> live) {
      edit(*live);
      dispatcher_->TakeUp(*std::move(live));
    });
  }

  static void EditSpec(ExecutionRecord& record) {
    airlock::internal::v1::ExecutionSpec spec;
    spec.ParseFromString(record.spec);
    spec.mutable_action()->mutable_code_exec()->set_code("evil()");
    record.spec = spec.SerializeAsString();
  }
};

TEST_F(EditedStoreTest, OtherSpecOfAnOpenQuestionEndsIt) {
  const Approval asked = PendingOf(*Ask("r1"));

  RestartWith([](LiveState& live) { EditSpec(live.executions[0]); });

  EXPECT_EQ(FindApproval(asked.id())->state_reason(), "SPEC_MISMATCH");
}

TEST_F(EditedStoreTest, OtherSpecWithItsDigestEndsTheQuestion) {
  const Approval asked = PendingOf(*Ask("r1"));

  RestartWith([](LiveState& live) {
    EditSpec(live.executions[0]);
    live.executions[0].execution.set_digest(
        HexEncode(SpecDigest(live.executions[0].spec)));
  });

  EXPECT_EQ(FindApproval(asked.id())->state_reason(), "SPEC_MISMATCH");
}

TEST_F(EditedStoreTest, OtherSpecThanWasApprovedDoesNotStart) {
  const auto sink = Ask("r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), ApprovalAnswer::ANSWER_APPROVE),
              IsOk());

  RestartWith([](LiveState& live) {
    EditSpec(live.executions[0]);
    live.executions[0].execution.set_digest(
        HexEncode(SpecDigest(live.executions[0].spec)));
  });
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(Get("ada", sink->id())->state_reason(), "APPROVAL_MISMATCH");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(EditedStoreTest, WithoutItsApprovalNothingStarts) {
  const auto sink = Ask("r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), ApprovalAnswer::ANSWER_APPROVE),
              IsOk());

  RestartWith([](LiveState& live) { live.approved.clear(); });
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(Get("ada", sink->id())->state_reason(), "APPROVAL_MISMATCH");
  EXPECT_TRUE(executor->jobs().empty());
}

class RestoredStoreTest : public RecoveryTest {
 protected:
  // The store is from a backup.
  void RestartFromBackup() {
    dispatcher_->AbortStreams();
    executors_.clear();
    MakeDispatcherOnly();
    store_.LoadLive(absl::InfinitePast(),
                    [this](absl::StatusOr<LiveState> live) {
                      live->restored = true;
                      dispatcher_->TakeUp(*std::move(live));
                    });
  }
};

TEST_F(RestoredStoreTest, RunsNothingAgain) {
  const auto executor = NewExecutor("ex-1");
  const auto running = Execute("ada", "r1");
  RunNewest(*executor);
  const auto waiting = Execute("ada", "r2");
  Pass(absl::Seconds(1));
  const Approval asked = PendingOf(*Ask("r3"));
  const auto approved = Ask("r4");
  ASSERT_THAT(
      Decide("bob", PendingOf(*approved), ApprovalAnswer::ANSWER_APPROVE),
      IsOk());

  RestartFromBackup();
  const auto fresh = NewExecutor("ex-2", 'b', 10);

  EXPECT_TRUE(fresh->jobs().empty());
  EXPECT_EQ(Get("ada", running->id())->outcome().ended_by(),
            Outcome::ENDED_BY_OUTCOME_UNKNOWN);
  EXPECT_EQ(Get("ada", waiting->id())->state_reason(), "STORE_RESTORED");
  EXPECT_EQ(FindApproval(asked.id())->state_reason(), "STORE_RESTORED");
  EXPECT_EQ(Get("ada", approved->id())->state_reason(), "STORE_RESTORED");
}

// Killed after the first transaction, which makes the store look like one that
// was never restored.
TEST_F(RestoredStoreTest, RunsNothingAgainAfterAnotherKill) {
  const auto waiting = Execute("ada", "r1");
  Pass(absl::Seconds(1));
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  RestartFromBackup();
  Restart();
  const auto fresh = NewExecutor("ex-2", 'b', 10);

  EXPECT_TRUE(fresh->jobs().empty());
  EXPECT_EQ(Get("ada", waiting->id())->state_reason(), "STORE_RESTORED");
}

TEST_F(RestoredStoreTest, GoesOnAsUsualWhenAllOfItHasEnded) {
  Execute("ada", "r1");
  Pass(absl::Seconds(1));
  RestartFromBackup();
  Pass(absl::Seconds(1));
  const auto later = Execute("ada", "r2");
  Pass(absl::Seconds(1));
  Restart();
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(executor->jobs().size(), 1U) << "r2 is of after the restore";
}

TEST_F(RestoredStoreTest, QuestionEndsAlsoIfThatFailsAtFirst) {
  const Approval asked = PendingOf(*Ask("r1"));
  store_.FailNextPut(absl::UnavailableError("disk is full"));

  RestartFromBackup();
  Pass(absl::Seconds(2));

  EXPECT_EQ(FindApproval(asked.id())->state_reason(), "STORE_RESTORED");
}

}  // namespace
}  // namespace airlock::policy
