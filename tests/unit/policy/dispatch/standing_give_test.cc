// How standing approvals are proposed, given, listed and taken back, and what
// is left of them after a restart.
#include <gmock/gmock.h>

#include <string>

#include "common/status/error.h"
#include "tests/unit/policy/dispatch/standing_fixture.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::StandingApproval;
using PublicExecution = airlock::v1::Execution;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kYes = ApprovalAnswer::ANSWER_APPROVE;

class StandingGiveTest : public StandingFixture {
 protected:
  std::string WhyNot(const std::string& approver,
                     const CreateRequest& request) {
    return ErrorReason(Create(approver, request).status());
  }
  void ReplaceWith(const std::string& keys) {
    ReplacePolicy(
        absl::StrCat(R"({"autonomy":{"level":"supervised"},"approvalGating":{)",
                     keys, "}}"));
  }
};

TEST_F(StandingGiveTest, GivenOneSaysWhoMayWhatUntilWhen) {
  const auto asked = Execute("ada", "r1");
  const Approval question = PendingOf(*asked);
  CreateRequest request = RequestFor(question, 7);
  request.set_comment("for the release");
  ReplaceWith(R"("people":[{"name":"Bob","ids":["web:bob"]}])");

  const StandingApproval given = *Create("bob", request);

  EXPECT_THAT(given.id(), testing::StartsWith("st-"));
  EXPECT_LE(given.id().size(), 40U);
  EXPECT_EQ(given.state(), StandingApproval::STATE_ACTIVE);
  EXPECT_EQ(given.approver(), "web:bob");
  EXPECT_EQ(given.person(), "Bob");
  EXPECT_EQ(given.comment(), "for the release");
  EXPECT_EQ(given.approval_id(), question.id());
  EXPECT_EQ(given.max_uses(), 7U);
  EXPECT_EQ(FromProto(given.expire_time()) - FromProto(given.create_time()),
            absl::Minutes(30));
  EXPECT_EQ(given.summary(), "agent ada: system_command beginning with echo");
  EXPECT_EQ(Gauge("airlock_standing_active"), 0) << "told with the next tick";
  dispatcher_->Tick();
  EXPECT_EQ(Gauge("airlock_standing_active"), 1);
  EXPECT_THAT(AuditOutcomes(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED),
              ElementsAre("web:bob standing_given"));
}

TEST_F(StandingGiveTest, QuestionItStartsFromStaysOpen) {
  const auto executor = NewExecutor("ex-1");
  const auto asked = Execute("ada", "r1");
  const Approval question = PendingOf(*asked);

  ASSERT_THAT(Create("bob", RequestFor(question)), IsOk());
  EXPECT_EQ(StateOf(*asked), PublicExecution::STATE_AWAITING_APPROVAL);
  EXPECT_TRUE(executor->jobs().empty());

  ASSERT_THAT(Decide("bob", question, kYes), IsOk());
  FinishNewest(*executor);
  EXPECT_EQ(List()[0].uses(), 0U);
}

TEST_F(StandingGiveTest, HoldsOnlyOnceItIsDurable) {
  const auto asked = Execute("ada", "r1");
  const CreateRequest request = RequestFor(PendingOf(*asked));
  store_.Hold();
  EXPECT_FALSE(Create("bob", request).ok());
  EXPECT_THAT(List(), IsEmpty());
  const auto early = Execute("ada", "r2");
  EXPECT_EQ(StateOf(*early), PublicExecution::STATE_AWAITING_APPROVAL);

  store_.Release();

  EXPECT_EQ(List().size(), 1U);
  EXPECT_FALSE(Asked(*Execute("ada", "r3")));
}

TEST_F(StandingGiveTest, AgentAndItsOwnPersonGiveNothing) {
  const Approval question = PendingOf(*Execute("ada", "r1"));

  EXPECT_EQ(WhyNot("ada", RequestFor(question)), "SELF_APPROVAL");
  ReplaceWith(R"("people":[{"name":"Bob","ids":["web:bob","agent:ada"]}])");
  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "SELF_APPROVAL");
}

TEST_F(StandingGiveTest, OnlyApproversGiveThem) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  ReplaceWith(R"("approvers":["web:eva"])");

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "NOT_AN_APPROVER");
}

TEST_F(StandingGiveTest, StartsFromAnOpenQuestionOnly) {
  const auto asked = Execute("ada", "r1");
  const Approval question = PendingOf(*asked);
  CreateRequest unknown = RequestFor(question);
  unknown.set_approval_id("ap-none");
  EXPECT_EQ(WhyNot("bob", unknown), "APPROVAL_NOT_FOUND");
  ASSERT_THAT(Decide("bob", question, kYes), IsOk());

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "APPROVAL_ENDED");
}

TEST_F(StandingGiveTest, WhatWasShownMustBeWhatWouldRun) {
  CreateRequest request = RequestFor(PendingOf(*Execute("ada", "r1")));
  request.set_digest(std::string(64, '0'));
  EXPECT_EQ(WhyNot("bob", request), "DIGEST_MISMATCH");
  request.clear_digest();
  EXPECT_EQ(WhyNot("bob", request), "DIGEST_MISMATCH");
}

TEST_F(StandingGiveTest, NobodyPermitsWhatTwoMustAgreeTo) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  ReplaceWith(R"("required":2)");

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "QUORUM_REQUIRED");
  EXPECT_EQ(Suggest(question.id()).suggestions_size(), 0);
}

TEST_F(StandingGiveTest, NobodyPermitsAnythingWhereThatIsOff) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  ReplaceWith(R"("standing":{"enabled":false})");

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "STANDING_DISABLED");
  EXPECT_EQ(Suggest(question.id()).suggestions_size(), 0);
}

TEST_F(StandingGiveTest, ScopeMustCoverTheQuestion) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  CreateRequest request = RequestFor(question);
  request.mutable_scope()->set_agent("eve");
  EXPECT_THAT(Create("bob", request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("must cover the question")));
  request = RequestFor(question);
  request.mutable_scope()->set_session("s");
  EXPECT_THAT(Create("bob", request),
              StatusIs(absl::StatusCode::kInvalidArgument));
  request = RequestFor(question);
  request.mutable_scope()->set_action_hash(std::string(64, '0'));
  EXPECT_THAT(Create("bob", request),
              StatusIs(absl::StatusCode::kInvalidArgument));

  request.mutable_scope()->set_action_hash(question.action_hash());
  EXPECT_THAT(Create("bob", request), IsOk());
}

TEST_F(StandingGiveTest, EveryFieldThatIsWrongIsNamed) {
  CreateRequest request = RequestFor(PendingOf(*Execute("ada", "r1")));
  request.mutable_scope()->clear_match();
  request.clear_lifetime();
  request.set_max_uses(101);

  const absl::Status status = Create("bob", request).status();

  EXPECT_THAT(status.message(), HasSubstr("scope"));
  EXPECT_THAT(status.message(), HasSubstr("lifetime"));
  EXPECT_THAT(status.message(), HasSubstr("max_uses"));
}

TEST_F(StandingGiveTest, ThereIsABoundForEachAgent) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(Create("bob", RequestFor(question)), IsOk());
  }

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "STANDING_FULL");
}

TEST_F(StandingGiveTest, WhatCannotBeRecordedPermitsNothing) {
  const Approval question = PendingOf(*Execute("ada", "r1"));
  // A transaction without executions: fail what follows.
  dispatcher_->Close();

  EXPECT_EQ(WhyNot("bob", RequestFor(question)), "STORE_UNAVAILABLE");
  EXPECT_THAT(List(), IsEmpty());
}

TEST_F(StandingGiveTest, SuggestionsLearnFromTheLastQuestions) {
  Execute("ada", "r1", "one");
  Execute("ada", "r2", "two");
  const Approval question = PendingOf(*Execute("ada", "r3", "three"));

  const auto response = Suggest(question.id());

  ASSERT_EQ(response.suggestions_size(), 3);
  EXPECT_EQ(response.suggestions(0).scope().action_hash(),
            question.action_hash());
  EXPECT_EQ(response.suggestions(1).summary(),
            "agent ada: system_command beginning with echo three");
  EXPECT_EQ(response.suggestions(2).summary(),
            "agent ada: system_command beginning with echo");
  EXPECT_EQ(response.suggestions(2).covered_questions(), 3U);
  EXPECT_EQ(FromProto(response.max_lifetime()), absl::Hours(8));
  EXPECT_EQ(response.max_uses(), 100U);
}

TEST_F(StandingGiveTest, RepeatedQuestionsAreCounted) {
  EXPECT_EQ(PendingOf(*Execute("ada", "r1")).asked_before(), 0U);
  EXPECT_EQ(PendingOf(*Execute("eve", "r1")).asked_before(), 0U);
  const Approval again = PendingOf(*Execute("ada", "r2"));
  EXPECT_EQ(again.asked_before(), 1U);
  EXPECT_EQ(again.action_hash().size(), 64U);
  EXPECT_EQ(PendingOf(*Execute("ada", "r3", "other")).asked_before(), 0U);

  double repeated = 0;
  for (const prometheus::MetricFamily& family : registry_.Collect()) {
    if (family.name == "airlock_approvals_repeated_total") {
      repeated = family.metric.at(0).counter.value;
    }
  }
  EXPECT_EQ(repeated, 1);
}

TEST_F(StandingGiveTest, AgentListsItsOwnOnly) {
  GiveEcho();
  airlock::v1::ListStandingApprovalsRequest request;
  const auto as_agent = [&](const std::string& agent) {
    return *Call<airlock::v1::ListStandingApprovalsResponse>(
        agent, airlock::v1::PRINCIPAL_ROLE_AGENT, request,
        &StandingCalls::List);
  };
  EXPECT_EQ(as_agent("ada")->standing_approvals_size(), 1);
  EXPECT_EQ(as_agent("eve")->standing_approvals_size(), 0);
  request.set_agent("ada");
  EXPECT_EQ(ErrorReason(as_agent("eve").status()), "OTHER_AGENT");
}

TEST_F(StandingGiveTest, RevokedOneNamesWhoTookItBack) {
  const StandingApproval given = GiveEcho();

  const auto revoked = *Revoke(given.id());

  ASSERT_THAT(revoked, IsOk());
  EXPECT_EQ(revoked->standing_approval().state(),
            StandingApproval::STATE_REVOKED);
  EXPECT_EQ(revoked->standing_approval().revoked_by(), "web:eva");
  EXPECT_TRUE(Asked(*Execute("ada", "r1")));
  EXPECT_THAT(AuditOutcomes(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED),
              ElementsAre("web:eva standing_revoked"));

  const auto again = *Revoke(given.id());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(AuditOutcomes(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED).size(),
            1U);
  EXPECT_EQ(ErrorReason(Revoke("st-none")->status()),
            "STANDING_APPROVAL_NOT_FOUND");
}

TEST_F(StandingGiveTest, RestartKeepsThemWithTheirUses) {
  {
    const auto executor = NewExecutor("ex-1");
    GiveEcho(2);
    Execute("ada", "r1");
    FinishNewest(*executor);
  }
  const StandingApproval before = List()[0];

  Restart();

  ASSERT_EQ(List().size(), 1U);
  EXPECT_EQ(List()[0].SerializeAsString(), before.SerializeAsString());
  const auto executor = NewExecutor("ex-1", 'b', 2);
  Execute("ada", "r2");
  RunNewest(*executor);
  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_USED_UP);
  EXPECT_TRUE(Asked(*Execute("ada", "r3")));
}

TEST_F(StandingGiveTest, WhatWaitedStartsByItAfterARestart) {
  GiveEcho(1);
  const std::string id = Execute("ada", "r1")->id();
  Pass(absl::Seconds(1));

  Restart();
  const auto executor = NewExecutor("ex-1");
  RunNewest(*executor);

  EXPECT_EQ(Get("ada", id)->state(), PublicExecution::STATE_RUNNING);
  EXPECT_EQ(List()[0].uses(), 1U);
}

TEST_F(StandingGiveTest, WhatWaitedIsNotTrustedWhenItsPermissionIsAnothers) {
  const auto eve = PendingOf(*Execute("eve", "q1"));
  const StandingApproval eves = *Create("bob", RequestFor(eve));
  // Somebody wrote it into the store.
  ExecutionRecord forged;
  const auto asked = Execute("ada", "r1", "secret");
  store_.Find(asked->id(), [&](auto found) { forged = **found; });
  forged.execution.set_id("forged");
  forged.execution.set_request_id("forged");
  forged.execution.set_state(PublicExecution::STATE_QUEUED);
  forged.execution.clear_approval_id();
  forged.execution.set_standing_approval_id(eves.id());
  Transaction transaction;
  transaction.executions.push_back(forged);
  store_.Commit(std::move(transaction),
                [](const absl::Status& status) { ASSERT_TRUE(status.ok()); });

  Restart();
  const auto executor = NewExecutor("ex-1");

  EXPECT_TRUE(executor->jobs().empty());
  EXPECT_EQ(Get("ada", "forged")->state(),
            PublicExecution::STATE_AWAITING_APPROVAL);
}

TEST_F(StandingGiveTest, RevokedAndExpiredStaySoAfterARestart) {
  const StandingApproval revoked = GiveEcho();
  GiveEcho();
  ASSERT_THAT(*Revoke(revoked.id()), IsOk());
  clock_.Advance(absl::Minutes(31));

  Restart();

  EXPECT_TRUE(Asked(*Execute("ada", "r1")));
  dispatcher_->Tick();
  ASSERT_EQ(List().size(), 2U);
  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_EXPIRED);
  EXPECT_EQ(List()[1].state(), StandingApproval::STATE_REVOKED);
}

TEST_F(StandingGiveTest, RestoredStoreBringsNoneBack) {
  GiveEcho();
  MakeDispatcherOnly();
  store_.LoadLive(absl::InfinitePast(), [this](absl::StatusOr<LiveState> live) {
    live->restored = true;
    dispatcher_->TakeUp(*std::move(live));
  });

  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_REVOKED);
  EXPECT_EQ(List()[0].revoked_by(), "airlock");
  EXPECT_TRUE(Asked(*Execute("ada", "r1")));

  Restart();
  EXPECT_EQ(List()[0].state(), StandingApproval::STATE_REVOKED)
      << "also for the next service";
}

TEST_F(StandingGiveTest, WhatCannotBeReadDoesNotHold) {
  const StandingApproval given = GiveEcho();
  Transaction transaction;
  transaction.settings.emplace_back("standing/" + given.id(), "\xff\xff");
  store_.Commit(std::move(transaction), [](const absl::Status&) {});

  Restart();

  EXPECT_THAT(List(), IsEmpty());
  EXPECT_TRUE(Asked(*Execute("ada", "r1")));
}

TEST_F(StandingGiveTest, EndedOnesAreForgottenInTheStoreToo) {
  ASSERT_THAT(*Revoke(GiveEcho().id()), IsOk());
  clock_.Advance(absl::Hours(24));
  dispatcher_->Tick();

  EXPECT_THAT(List(), IsEmpty());
  store_.LoadLive(absl::InfinitePast(), [](absl::StatusOr<LiveState> live) {
    for (const auto& [name, value] : live->settings) {
      EXPECT_THAT(name, Not(testing::StartsWith("standing/")));
    }
  });
}

}  // namespace
}  // namespace airlock::policy
