// What starts by a standing approval, and what must ask instead.
#include <gmock/gmock.h>

#include <string>

#include "common/status/error.h"
#include "tests/unit/policy/dispatch/standing_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Job;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::Outcome;
using airlock::v1::StandingApproval;
using PublicExecution = airlock::v1::Execution;
using testing::Contains;
using testing::HasSubstr;

constexpr auto kYes = ApprovalAnswer::ANSWER_APPROVE;
constexpr auto kNo = ApprovalAnswer::ANSWER_REJECT;

class StandingUseTest : public StandingFixture {};

TEST_F(StandingUseTest, WhatIsPermittedStartsUnasked) {
  const auto executor = NewExecutor("ex-1");
  const StandingApproval given = GiveEcho();

  const auto sink = Execute("ada", "r1");
  FinishNewest(*executor);

  EXPECT_FALSE(Asked(*sink));
  const PublicExecution ended = sink->completed();
  EXPECT_EQ(ended.state(), PublicExecution::STATE_FINISHED);
  EXPECT_EQ(ended.standing_approval_id(), given.id());
  EXPECT_EQ(ended.approval_id(), "");
  EXPECT_EQ(ended.decision().reason(), "STANDING_APPROVAL");
  EXPECT_EQ(ended.decision().rule(), "standing:" + given.id());
  EXPECT_EQ(ended.decision().effect(), airlock::v1::Decision::EFFECT_ALLOW);
  EXPECT_EQ(List()[0].uses(), 1U);
}

TEST_F(StandingUseTest, OtherAgentsAndOtherActionsAreAsked) {
  GiveEcho();

  EXPECT_TRUE(Asked(*Execute("eve", "r1")));
  airlock::v1::ExecuteRequest request;
  request.set_request_id("r2");
  request.mutable_action()->mutable_system_command()->set_shell("echo hello");
  EXPECT_TRUE(Asked(*Send("ada", request)));
}

TEST_F(StandingUseTest, UseIsCountedWhenItStarts) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  GiveEcho(1);
  const auto sink = Execute("ada", "r1");
  EXPECT_EQ(List()[0].uses(), 0U) << "it waits";

  executor->GiveCredits(1);
  EXPECT_EQ(List()[0].uses(), 0U) << "its sandbox is being prepared";
  RunNewest(*executor);

  EXPECT_EQ(List()[0].uses(), 1U);
  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_USED_UP);
  EXPECT_EQ(StateOf(*sink), PublicExecution::STATE_RUNNING);
}

TEST_F(StandingUseTest, WhatComesTooLateForAUseAsksInstead) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  GiveEcho(1);
  const auto first = Execute("ada", "r1");
  const auto second = Execute("ada", "r2");
  ASSERT_EQ(executor->jobs().size(), 2U) << "both are prepared";
  ASSERT_FALSE(Asked(*second));
  executor->SayReady(executor->jobs()[0]);
  executor->SayReady(executor->jobs()[1]);

  EXPECT_EQ(executor->grants().size(), 1U);
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
  EXPECT_EQ(StateOf(*first), PublicExecution::STATE_RUNNING);
  EXPECT_EQ(StateOf(*second), PublicExecution::STATE_AWAITING_APPROVAL);
  const Approval question = PendingOf(*second);
  EXPECT_EQ(question.rule(), "autonomy.level");
  EXPECT_EQ(Get("ada", second->id())->standing_approval_id(), "");

  // And an answer lets it start.
  ASSERT_THAT(Decide("bob", question, kYes), IsOk());
  executor->GiveCredits(1);
  FinishNewest(*executor);
  EXPECT_EQ(second->completed().state(), PublicExecution::STATE_FINISHED);
  EXPECT_EQ(executor->grants().size(), 2U);
}

TEST_F(StandingUseTest, RejectedInsteadItNeverStarts) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  GiveEcho(1);
  Execute("ada", "r1");
  const auto second = Execute("ada", "r2", "other");
  executor->SayReady(executor->jobs()[0]);
  executor->SayReady(executor->jobs()[1]);

  ASSERT_THAT(Decide("bob", PendingOf(*second), kNo), IsOk());

  EXPECT_EQ(second->completed().state(), PublicExecution::STATE_REJECTED);
  EXPECT_EQ(executor->grants().size(), 1U);
}

TEST_F(StandingUseTest, AnotherPermissionTakesItsPlace) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  GiveEcho(1);
  GiveEcho(1);
  const auto first = Execute("ada", "r1");
  const auto second = Execute("ada", "r2");
  executor->SayReady(executor->jobs()[0]);
  executor->SayReady(executor->jobs()[1]);

  EXPECT_EQ(executor->grants().size(), 2U);
  const std::string by = Get("ada", second->id())->standing_approval_id();
  EXPECT_NE(by, Get("ada", first->id())->standing_approval_id());
  EXPECT_EQ(Get("ada", second->id())->decision().rule(), "standing:" + by);
  for (const StandingApproval& each : List()) EXPECT_EQ(each.uses(), 1U);
}

TEST_F(StandingUseTest, WhatWaitsForAnExecutorAsksOnceItIsRevoked) {
  const StandingApproval given = GiveEcho();
  const auto sink = Execute("ada", "r1");
  ASSERT_EQ(StateOf(*sink), PublicExecution::STATE_QUEUED);

  ASSERT_THAT(*Revoke(given.id()), IsOk());
  const auto executor = NewExecutor("ex-1");

  EXPECT_TRUE(executor->jobs().empty());
  EXPECT_EQ(StateOf(*sink), PublicExecution::STATE_AWAITING_APPROVAL);
}

TEST_F(StandingUseTest, NothingStartsAfterItExpired) {
  const StandingApproval given = GiveEcho();
  clock_.Advance(absl::Minutes(30) - absl::Milliseconds(1));
  const auto before = Execute("ada", "r1");
  EXPECT_FALSE(Asked(*before));
  clock_.Advance(absl::Milliseconds(1));

  EXPECT_TRUE(Asked(*Execute("ada", "r2")));
  NewExecutor("ex-1");
  EXPECT_EQ(StateOf(*before), PublicExecution::STATE_AWAITING_APPROVAL);
  dispatcher_->Tick();
  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_EXPIRED);
}

TEST_F(StandingUseTest, WallClockThatIsSetBackLengthensNothing) {
  GiveEcho();
  clock_.JumpWall(-absl::Hours(5));
  clock_.Advance(absl::Minutes(30));

  EXPECT_TRUE(Asked(*Execute("ada", "r1")));
}

TEST_F(StandingUseTest, RevokedWhileItsStartIsRecordedItDoesNotStart) {
  const auto executor = NewExecutor("ex-1");
  const StandingApproval given = GiveEcho();
  const auto sink = Execute("ada", "r1");
  store_.Hold();
  executor->SayReady(executor->jobs().back());
  const auto revoked = Revoke(given.id());
  EXPECT_FALSE(revoked->ok()) << "before it is durable nobody is told";
  store_.Release();

  EXPECT_THAT(*revoked, IsOk());
  EXPECT_TRUE(executor->grants().empty());
  EXPECT_EQ(sink->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(sink->completed().outcome().reason(), "STANDING_ENDED");
}

TEST_F(StandingUseTest, RevokedWithItsLastStartOnItsWayItAnswersAfterThat) {
  const auto executor = NewExecutor("ex-1");
  const StandingApproval given = GiveEcho(1);
  Execute("ada", "r1");
  store_.Hold();
  executor->SayReady(executor->jobs().back());
  const auto revoked = Revoke(given.id());
  EXPECT_FALSE(revoked->ok()) << "something may start by it";
  store_.Release();

  EXPECT_THAT(*revoked, IsOk());
  EXPECT_EQ(executor->grants().size(), 1U);
}

TEST_F(StandingUseTest, StartThatCannotBeRecordedCostsNoUse) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  GiveEcho(2);
  const auto sink = Execute("ada", "r1");
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  executor->SayReady(executor->jobs().back());

  EXPECT_EQ(sink->completed().outcome().reason(), "RECORD_FAILED");
  EXPECT_TRUE(executor->grants().empty());
  EXPECT_EQ(List()[0].uses(), 0U);
}

TEST_F(StandingUseTest, LastUseThatCannotBeRecordedIsLost) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  const StandingApproval given = GiveEcho(1);
  Execute("ada", "r1");
  store_.FailNextPut(absl::UnavailableError("disk is full"));
  executor->SayReady(executor->jobs().back());
  EXPECT_TRUE(executor->grants().empty());
  Pass(absl::Seconds(2));

  Restart();

  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_USED_UP)
      << "also for the next service";
}

TEST_F(StandingUseTest, QuestionThatCannotBeRecordedStartsNothing) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  const StandingApproval given = GiveEcho();
  const auto sink = Execute("ada", "r1");
  // It is on record while it waits.
  Pass(absl::Seconds(1));
  ASSERT_THAT(*Revoke(given.id()), IsOk());
  store_.FailNextPut(absl::UnavailableError("disk is full"));

  executor->GiveCredits(1);

  EXPECT_EQ(sink->completed().outcome().ended_by(),
            Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(sink->completed().outcome().reason(), "RECORD_FAILED");
  EXPECT_TRUE(executor->grants().empty());
}

TEST_F(StandingUseTest, RejectedBeforeIsRejectedWhateverWasPermitted) {
  const auto asked = Execute("ada", "r1", "rejected");
  ASSERT_THAT(Decide("bob", PendingOf(*asked), kNo), IsOk());
  GiveEcho();

  const auto again = Execute("ada", "r2", "rejected");

  EXPECT_EQ(again->completed().state_reason(), "REJECTED_BEFORE");
}

TEST_F(StandingUseTest, StricterPolicyAsksInsteadOfStarting) {
  for (const char* config :
       {R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"approvers":["web:eva"]}})",
        R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"standing":{"enabled":false}}})",
        R"({"autonomy":{"level":"supervised"},
            "approvalGating":{"required":2}})",
        R"({"autonomy":{"level":"supervised"},"approvalGating":{"people":[
            {"name":"Bob","ids":["web:bob","agent:ada"]}]}})"}) {
    ReplacePolicy(kSupervised);
    GiveEcho();
    const auto sink = Execute("ada", absl::StrCat("r", config));
    ASSERT_FALSE(Asked(*sink));

    ReplacePolicy(config);
    const auto executor = NewExecutor("ex-1");

    EXPECT_EQ(StateOf(*sink), PublicExecution::STATE_AWAITING_APPROVAL)
        << config;
    EXPECT_TRUE(Asked(*Execute("ada", absl::StrCat("s", config)))) << config;
    EXPECT_TRUE(executor->jobs().empty());
    executor->Disconnect();
  }
}

TEST_F(StandingUseTest, QuorumThatCameLaterIsAskedOfAll) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  GiveEcho();
  const auto sink = Execute("ada", "r1");
  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"required":2}})");

  executor->GiveCredits(1);

  EXPECT_EQ(PendingOf(*sink).required_approvals(), 2U);
}

TEST_F(StandingUseTest, NeverPastADenial) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  GiveEcho();
  const auto sink = Execute("ada", "r1");
  ReplacePolicy(R"({"autonomy":{"level":"supervised",
      "blockedActions":["system_command"]}})");

  executor->GiveCredits(1);

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_DENIED);
  EXPECT_EQ(sink->completed().state_reason(), "POLICY_CHANGED");
  EXPECT_EQ(Execute("ada", "r2")->completed().decision().reason(),
            "BLOCKED_ACTION");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(StandingUseTest, PolicyThatAllowsItNeedsNoUse) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  GiveEcho();
  const auto sink = Execute("ada", "r1");
  ReplacePolicy(kFullAutonomy);

  executor->GiveCredits(1);
  FinishNewest(*executor);

  EXPECT_EQ(sink->completed().standing_approval_id(), "");
  EXPECT_EQ(sink->completed().decision().reason(), "LEVEL_ALLOWS");
  EXPECT_EQ(List()[0].uses(), 0U);
}

TEST_F(StandingUseTest, GrantIsNotSentAgainOnceItIsRevoked) {
  const auto executor = NewExecutor("ex-1");
  const StandingApproval given = GiveEcho();
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->Disconnect();
  ASSERT_THAT(*Revoke(given.id()), IsOk());

  airlock::internal::v1::HeldJob held = Held(job);
  held.set_started(false);
  executor->Connect({held});

  EXPECT_EQ(executor->grants().size(), 1U);
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
}

TEST_F(StandingUseTest, GrantIsSentAgainAfterTheLastUse) {
  const auto executor = NewExecutor("ex-1");
  GiveEcho(1);
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->Disconnect();

  airlock::internal::v1::HeldJob held = Held(job);
  held.set_started(false);
  executor->Connect({held});

  EXPECT_EQ(executor->grants().size(), 2U);
}

TEST_F(StandingUseTest, FullQuestionsStopNothingThatIsPermitted) {
  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"maxPending":1}})");
  GiveEcho();

  EXPECT_FALSE(Execute("ada", "r1")->finished().has_value());
  airlock::v1::ExecuteRequest request;
  request.set_request_id("r2");
  request.mutable_action()->mutable_system_command()->set_shell("ls");
  const auto refused = Send("ada", request);
  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(ErrorReason(*refused->finished()), "APPROVALS_FULL");
  EXPECT_TRUE(refused->events().empty());
}

TEST_F(StandingUseTest, WhereNobodyCanBeAskedItExpires) {
  const auto executor = NewExecutor("ex-1", 'a', 0);
  const StandingApproval given = GiveEcho();
  const auto sink = Execute("ada", "r1");
  ReplacePolicy(R"({"autonomy":{"level":"supervised"},
      "approvalGating":{"maxPending":1}})");
  ASSERT_THAT(*Revoke(given.id()), IsOk());

  executor->GiveCredits(1);

  EXPECT_EQ(sink->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(sink->completed().state_reason(), "APPROVALS_FULL");
}

TEST_F(StandingUseTest, AuditNamesThePermissionOfAStart) {
  const auto executor = NewExecutor("ex-1");
  const StandingApproval given = GiveEcho(1);
  Execute("ada", "r1");
  FinishNewest(*executor);

  std::string rule;
  std::string payload;
  store_.ReadAudit(1, 1000, [&](auto records) {
    for (const airlock::v1::SealedAuditRecord& sealed : *records) {
      airlock::v1::AuditRecord record;
      ASSERT_TRUE(record.ParseFromString(sealed.record()));
      if (record.type() != airlock::v1::AUDIT_EVENT_TYPE_START) continue;
      rule = record.rule();
      payload = sealed.payload();
    }
  });
  EXPECT_EQ(rule, "standing:" + given.id());
  EXPECT_THAT(payload,
              HasSubstr("\"standingApproval\":\"" + given.id() + "\""));
  EXPECT_THAT(AuditOutcomes(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED),
              Contains("airlock standing_used_up"));
}

TEST_F(StandingUseTest, SessionThatChangedMeanwhileIsNotAskedAbout) {
  const auto executor = NewExecutor("ex-1", 'a', 1);
  const auto in_session = [this](const std::string& request_id) {
    airlock::v1::ExecuteRequest request;
    request.set_request_id(request_id);
    request.set_session("s");
    auto& argv =
        *request.mutable_action()->mutable_system_command()->mutable_argv();
    argv.add_args("echo");
    return Send("ada", request);
  };
  GiveEcho(1);
  in_session("r1");
  const auto second = in_session("r2");
  ASSERT_FALSE(Asked(*second));
  FinishNewest(*executor);
  executor->GiveCredits(1);

  EXPECT_EQ(second->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(second->completed().state_reason(), "SESSION_CHANGED");
  EXPECT_EQ(executor->grants().size(), 1U);
}

}  // namespace
}  // namespace airlock::policy
