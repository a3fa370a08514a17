// A question from its asking to its answer, with what follows for its
// execution.
#include <string>
#include <vector>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

constexpr char kSupervised[] = R"({"autonomy":{"level":"supervised"},
    "approvalGating":{"timeout":60000}})";
constexpr auto kYes = ApprovalAnswer::ANSWER_APPROVE;
constexpr auto kNo = ApprovalAnswer::ANSWER_REJECT;

class ApprovalFlowTest : public DispatchFixture {
 protected:
  ApprovalFlowTest() : DispatchFixture(kSupervised) {}
  explicit ApprovalFlowTest(const std::string& config)
      : DispatchFixture(config) {}
};

TEST_F(ApprovalFlowTest, NothingRunsBeforeSomebodyAgreed) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);

  EXPECT_EQ(asked.state(), Approval::STATE_PENDING);
  EXPECT_EQ(asked.summary(), "system_command: echo hello");
  EXPECT_EQ(Get("ada", sink->id())->state(),
            PublicExecution::STATE_AWAITING_APPROVAL);
  EXPECT_TRUE(executor->jobs().empty());

  ASSERT_THAT(Decide("bob", asked, kYes), IsOk());
  FinishNewest(*executor);

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_FINISHED);
  EXPECT_EQ(executor->grants().size(), 1U);
}

TEST_F(ApprovalFlowTest, WhatRunsIsWhatWasAskedAbout) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  ASSERT_THAT(Decide("bob", asked, kYes), IsOk());

  const airlock::internal::v1::Job job = RunNewest(*executor);

  EXPECT_EQ(HexEncode(job.digest()), asked.digest());
}

TEST_F(ApprovalFlowTest, RejectionReachesTheAgentWithItsReason) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");

  ASSERT_THAT(Decide("bob", PendingOf(*sink), kNo, "not on a Friday"), IsOk());

  const PublicExecution ended = sink->completed();
  EXPECT_EQ(ended.state(), PublicExecution::STATE_REJECTED);
  EXPECT_EQ(ended.state_message(), "not on a Friday");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, SameActionIsNotAskedAgainForAWhile) {
  const auto first = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*first), kNo, "no"), IsOk());

  const auto again = Execute("ada", "r2");
  EXPECT_EQ(again->completed().state(), PublicExecution::STATE_REJECTED);
  EXPECT_EQ(again->completed().state_reason(), "REJECTED_BEFORE");
  EXPECT_EQ(again->completed().state_message(),
            "rejected before by web:bob: no");

  const auto other = Execute("ada", "r3", "something else");
  EXPECT_EQ(PendingOf(*other).state(), Approval::STATE_PENDING);
  const auto others = Execute("eve", "r4");
  EXPECT_EQ(PendingOf(*others).state(), Approval::STATE_PENDING);
}

TEST_F(ApprovalFlowTest, IsAskedAgainAfterThat) {
  const auto first = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*first), kNo), IsOk());
  clock_.Advance(absl::Minutes(11));

  EXPECT_EQ(PendingOf(*Execute("ada", "r2")).state(), Approval::STATE_PENDING);
}

TEST_F(ApprovalFlowTest, ExpiresAtItsDeadline) {
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  Pass(absl::Seconds(59));
  EXPECT_FALSE(sink->finished().has_value());

  Pass(absl::Seconds(2));

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(sink->completed().state_reason(), "NO_ANSWER");
  const auto late = Decide("bob", asked, kYes);
  EXPECT_EQ(ErrorReason(late.status()), "APPROVAL_ENDED");
}

TEST_F(ApprovalFlowTest, WallClockMovesNoDeadline) {
  const auto sink = Execute("ada", "r1");

  clock_.JumpWall(absl::Hours(48));
  dispatcher_->Tick();
  EXPECT_FALSE(sink->finished().has_value());
  clock_.JumpWall(-absl::Hours(96));
  Pass(absl::Seconds(61));

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
}

TEST_F(ApprovalFlowTest, FirstAnswerWins) {
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  store_.Hold();
  absl::StatusOr<Approval> first = Decide("bob", asked, kYes);
  absl::StatusOr<Approval> second = Decide("eva", asked, kNo);
  EXPECT_FALSE(first.ok()) << "before it is durable nobody is told";

  store_.Release();

  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_APPROVED);
  EXPECT_EQ(FindApproval(asked.id())->answers_size(), 1);
}

TEST_F(ApprovalFlowTest, AnswerThatCannotBeRecordedChangesNothing) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  store_.FailNextPut(absl::UnavailableError("disk is full"));

  const auto failed = Decide("bob", asked, kYes);

  EXPECT_EQ(failed.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_PENDING);
  EXPECT_TRUE(executor->jobs().empty());
  EXPECT_THAT(Decide("bob", asked, kYes), IsOk());
  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(ApprovalFlowTest, QuestionThatCannotBeRecordedIsNone) {
  store_.FailNextPut(absl::UnavailableError("disk is full"));

  const auto sink = Execute("ada", "r1");

  ASSERT_TRUE(sink->finished().has_value());
  EXPECT_EQ(sink->finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Gauge("airlock_approvals_pending"), 0);
  Pass(absl::Seconds(1));
  EXPECT_EQ(PendingOf(*Execute("ada", "r1")).state(), Approval::STATE_PENDING)
      << "the same id may be used again";
}

TEST_F(ApprovalFlowTest, CancellingTheExecutionWithdrawsTheQuestion) {
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);

  ASSERT_THAT(Cancel("ada", sink->id()), IsOk());

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_CANCELLED);
}

TEST_F(ApprovalFlowTest, CancelIsAnsweredWhenItIsDurable) {
  const auto sink = Execute("ada", "r1");
  store_.Hold();

  const absl::Status before = Cancel("ada", sink->id());
  store_.Release();

  EXPECT_EQ(before.code(), absl::StatusCode::kInternal)
      << "nobody was told yet";
  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_CANCELLED);
}

TEST_F(ApprovalFlowTest, WithdrawalIsTriedUntilItIsRecorded) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  store_.FailNextPut(absl::UnavailableError("disk is full"));

  EXPECT_THAT(Cancel("ada", sink->id()),
              StatusIs(absl::StatusCode::kUnavailable));
  const auto answer = Decide("bob", asked, kYes);
  EXPECT_EQ(ErrorReason(answer.status()), "APPROVAL_ENDED");
  Pass(absl::Seconds(2));

  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_CANCELLED);
  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, CancelDuringAnApprovalEndsIt) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  store_.Hold();
  static_cast<void>(Decide("bob", asked, kYes));
  static_cast<void>(Cancel("ada", sink->id()));

  store_.Release();

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_APPROVED);
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, AuditSaysWhoWithdrew) {
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Cancel("ada", sink->id()), IsOk());

  EXPECT_EQ(LastActorOf(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED), "ada");
  EXPECT_EQ(LastActorOf(airlock::v1::AUDIT_EVENT_TYPE_END), "ada");
}

TEST_F(ApprovalFlowTest, EveryStepIsInTheAudit) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), kYes), IsOk());
  FinishNewest(*executor);

  EXPECT_EQ(AuditTypes(), (std::vector<airlock::v1::AuditEventType>{
                              airlock::v1::AUDIT_EVENT_TYPE_SERVICE,
                              airlock::v1::AUDIT_EVENT_TYPE_REQUEST,
                              airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED,
                              airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED,
                              airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED,
                              airlock::v1::AUDIT_EVENT_TYPE_START,
                              airlock::v1::AUDIT_EVENT_TYPE_END}));
}

TEST_F(ApprovalFlowTest, StricterPolicyVoidsTheQuestion) {
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);

  ReplacePolicy(R"({"autonomy":{"level":"supervised",
      "blockedActions":["system_command"]}})");
  dispatcher_->Tick();

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_DENIED);
  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_EQ(FindApproval(asked.id())->state_reason(), "POLICY_CHANGED");
}

TEST_F(ApprovalFlowTest, StricterPolicyStopsWhatWasApproved) {
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), kYes), IsOk());

  ReplacePolicy(R"({"autonomy":{"level":"readonly"}})");
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_DENIED);
  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, MorePersonsThanWereAskedForVoidTheQuestion) {
  const auto sink = Execute("ada", "r1");

  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"required":2}})");
  dispatcher_->Tick();

  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
}

TEST_F(ApprovalFlowTest, MorePersonsThanHaveAgreedStopTheStart) {
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), kYes), IsOk());

  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"required":2}})");
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, AnswerOfWhoMayNotAnswerAnyMoreStopsTheStart) {
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), kYes), IsOk());

  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"approvers":["eva"]}})");
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(ApprovalFlowTest, OtherPolicyThatAsksForNoMoreLetsItStart) {
  const auto sink = Execute("ada", "r1");
  ASSERT_THAT(Decide("bob", PendingOf(*sink), kYes), IsOk());

  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"approvers":["bob","eva"]}})");
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(ApprovalFlowTest, SessionThatMovedOnVoidsTheQuestion) {
  const auto executor = NewExecutor("ex-1", 'a', 4);
  const auto first = ExecuteIn("ada", "s", "r1");
  const auto second = Execute("ada", "unused");
  airlock::v1::ExecuteRequest request;
  request.set_request_id("r2");
  request.set_session("s");
  request.mutable_action()->mutable_system_command()->set_shell("false");
  const auto late = Send("ada", request);

  ASSERT_THAT(Decide("bob", PendingOf(*first), kYes), IsOk());
  RunNewest(*executor);

  EXPECT_EQ(late->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(late->completed().state_reason(), "SESSION_CHANGED");
  EXPECT_FALSE(second->finished().has_value()) << "it is in no session";
}

TEST_F(ApprovalFlowTest, DisconnectWithdrawsIfAskedTo) {
  const auto sink = Execute("ada", "r1", "hello", /*slow=*/false,
                            /*cancel_on_disconnect=*/true);
  const Approval asked = PendingOf(*sink);

  sink->GoAway();

  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_CANCELLED);
}

TEST_F(ApprovalFlowTest, ApprovalsAreBoundedPerAgent) {
  for (int i = 0; i < 100; ++i) {
    Execute("ada", absl::StrCat("r", i), absl::StrCat("word", i));
  }
  const auto refused = Execute("ada", "one-more", "word");

  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(refused->finished()->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(PendingOf(*Execute("eve", "r1")).state(), Approval::STATE_PENDING);
}

class QuorumFlowTest : public ApprovalFlowTest {
 protected:
  QuorumFlowTest()
      : ApprovalFlowTest(R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"required":2}})") {}
};

TEST_F(QuorumFlowTest, OnePersonIsNotEnough) {
  const auto executor = NewExecutor("ex-1");
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);

  ASSERT_THAT(Decide("bob", asked, kYes), IsOk());
  ASSERT_THAT(Decide("bob", asked, kYes), IsOk());
  EXPECT_TRUE(executor->jobs().empty());

  ASSERT_THAT(Decide("eva", asked, kYes), IsOk());
  EXPECT_EQ(executor->jobs().size(), 1U);
}

class DefaultApproveTest : public ApprovalFlowTest {
 protected:
  DefaultApproveTest()
      : ApprovalFlowTest(R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"timeout":60000,"defaultAction":"approve"}})") {}

  // An approver looks at it.
  void Look(const Approval& approval) {
    dispatcher_->approvals().Get(
        {"bob", airlock::v1::PRINCIPAL_ROLE_APPROVER}, approval.id(),
        [](const auto& found) { EXPECT_THAT(found, IsOk()); });
  }
};

TEST_F(DefaultApproveTest, RunsWhenSomebodySawItAndSaidNothing) {
  const auto sink = Execute("ada", "r1");
  Look(PendingOf(*sink));

  Pass(absl::Seconds(61));
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(DefaultApproveTest, DoesNotRunWhenNobodySawIt) {
  const auto sink = Execute("ada", "r1");

  Pass(absl::Seconds(61));
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(DefaultApproveTest, DoesNotRunWhenOnlySomebodySawItWhoMayNotAnswer) {
  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"timeout":60000,"defaultAction":"approve",
                        "approvers":["eva"]}})");
  const auto sink = Execute("ada", "r1");
  Look(PendingOf(*sink));

  Pass(absl::Seconds(61));

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(sink->completed().state_reason(), "DEFAULT_WITHHELD");
}

TEST_F(DefaultApproveTest, DoesNotRunWhenTheDefaultIsAnotherOneNow) {
  const auto sink = Execute("ada", "r1");
  Look(PendingOf(*sink));

  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"timeout":60000}})");
  Pass(absl::Seconds(61));

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
}

TEST_F(DefaultApproveTest, DoesNotStartWhenTheDefaultIsAnotherOneNow) {
  const auto sink = Execute("ada", "r1");
  Look(PendingOf(*sink));
  Pass(absl::Seconds(61));

  ReplacePolicy(R"({"autonomy":{"level":"supervised"}})");
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(DefaultApproveTest, DoesNotRunWhenTheServiceWasDownMeanwhile) {
  const auto sink = Execute("ada", "r1");
  const Approval asked = PendingOf(*sink);
  Look(asked);
  Restart();
  Look(asked);

  Pass(absl::Seconds(61));
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(FindApproval(asked.id())->state(), Approval::STATE_EXPIRED);
  EXPECT_TRUE(executor->jobs().empty());
}

}  // namespace
}  // namespace airlock::policy
