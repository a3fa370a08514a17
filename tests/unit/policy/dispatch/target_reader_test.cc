// Somebody looks at the file that an agent wants to write to.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>

#include "common/status/error.h"
#include "tests/support/file_requests.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::Job;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::Outcome;
using airlock::v1::ReadTargetResponse;
using testing::HasSubstr;
using PublicExecution = airlock::v1::Execution;

constexpr char kConfig[] = R"({"autonomy":{"level":"supervised"},
    "approvalGating":{"timeout":600000,"rules":[
        {"action":"system_command","approval":"auto"}]}})";

class TargetReaderTest : public DispatchFixture {
 protected:
  using Answer = std::shared_ptr<absl::StatusOr<ReadTargetResponse>>;

  TargetReaderTest() : DispatchFixture(kConfig) {}

  Approval AskToWrite(const std::string& session = "") {
    return PendingOf(*Send("ada", WriteRequest(session, "notes.txt", "new")));
  }

  // bob looks; the answer may come after this has returned.
  Answer Look(const std::string& approval_id) {
    auto answer = std::make_shared<absl::StatusOr<ReadTargetResponse>>(
        absl::InternalError("no answer"));
    dispatcher_->approvals().ReadTarget(
        {"bob", airlock::v1::PRINCIPAL_ROLE_APPROVER}, approval_id,
        [answer](auto read) { *answer = std::move(read); });
    return answer;
  }

  // The executor reads a file with this content.
  static Job Reads(FakeExecutor& executor, const std::string& content) {
    const Job job = RunNewest(executor);
    executor.SayOutput(job, 0, content);
    executor.SayEnded(job, Outcome::ENDED_BY_EXITED);
    return job;
  }

  // The executor ends it with an exit code, as a file action is explained.
  static void Fails(FakeExecutor& executor, int exit_code,
                    const std::string& reason) {
    const Job job = RunNewest(executor);
    airlock::internal::v1::ConnectRequest message;
    airlock::internal::v1::JobEnded& ended = *message.mutable_job_ended();
    ended.set_execution_id(job.execution_id());
    ended.set_fence(job.fence());
    ended.mutable_outcome()->set_ended_by(Outcome::ENDED_BY_EXITED);
    ended.mutable_outcome()->set_exit_code(exit_code);
    ended.mutable_outcome()->set_reason(reason);
    ended.mutable_outcome()->set_message("why " + reason);
    executor.Say(std::move(message));
  }

  // Something ran in ada's session.
  void Use(FakeExecutor& executor, const std::string& session) {
    ExecuteIn("ada", session, "use");
    FinishNewest(executor);
    executor.GiveCredits(1);
  }
};

TEST_F(TargetReaderTest, TellsWhatIsThere) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());

  const Job job = Reads(*executor, "old\n");

  EXPECT_EQ(SpecOf(job).action().file_read().path(), "notes.txt");
  EXPECT_EQ(SpecOf(job).session(), "");
  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->presence(), ReadTargetResponse::PRESENCE_FILE);
  EXPECT_EQ((*answer)->content().text(), "old\n");
  EXPECT_EQ((*answer)->message(), "");
  EXPECT_EQ((*answer)->execution_id(), job.execution_id());
}

TEST_F(TargetReaderTest, LooksIntoTheSandboxOfTheSession) {
  const auto executor = NewExecutor("ex-1");
  Use(*executor, "work");
  const auto client = Send("ada", WriteRequest("work", "notes.txt", "new"));
  const Approval asked = PendingOf(*client);

  const Answer answer = Look(asked.id());
  const Job job = Reads(*executor, "old");

  EXPECT_NE(SpecOf(job).session(), "");
  EXPECT_THAT(*answer, IsOk());
  // The question is about the same session as before.
  executor->GiveCredits(1);
  ASSERT_THAT(Decide("bob", asked, ApprovalAnswer::ANSWER_APPROVE), IsOk());
  FinishNewest(*executor);
  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_FINISHED);
}

TEST_F(TargetReaderTest, ASessionThatNothingRanInStaysUntouched) {
  const auto executor = NewExecutor("ex-1");

  const Answer answer = Look(AskToWrite("work").id());
  const Job job = Reads(*executor, "");

  EXPECT_EQ(SpecOf(job).session(), "");
  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->presence(), ReadTargetResponse::PRESENCE_FILE);
}

TEST_F(TargetReaderTest, TheAgentSeesNothingOfIt) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());
  const Job job = Reads(*executor, "secret");
  ASSERT_THAT(*answer, IsOk());

  EXPECT_THAT(Get("ada", job.execution_id()).status(),
              StatusIs(absl::StatusCode::kNotFound));
  const auto watching = Watch("ada", job.execution_id());
  EXPECT_TRUE(watching->events().empty());
  airlock::v1::ListExecutionsRequest all;
  dispatcher_->List({"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}, all,
                    [&](absl::StatusOr<ExecutionPage> page) {
                      ASSERT_THAT(page, IsOk());
                      for (const PublicExecution& one : page->executions) {
                        EXPECT_NE(one.id(), job.execution_id());
                      }
                    });
}

TEST_F(TargetReaderTest, ItIsOnRecordWhoLooked) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());
  const Job job = Reads(*executor, "old");
  ASSERT_THAT(*answer, IsOk());

  EXPECT_EQ(LastActorOf(airlock::v1::AUDIT_EVENT_TYPE_REQUEST), "web:bob");
  absl::StatusOr<ExecutionRecord> found = absl::InternalError("no answer");
  dispatcher_->Get({"olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR},
                   job.execution_id(),
                   [&](auto record) { found = std::move(record); });
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->execution.asked_by(), "web:bob");
  EXPECT_EQ(found->execution.agent(), "ada");
}

TEST_F(TargetReaderTest, NothingThereIsAnAnswer) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());

  Fails(*executor, 40, "FILE_NOT_FOUND");

  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->presence(), ReadTargetResponse::PRESENCE_NONE);
}

TEST_F(TargetReaderTest, WhatIsNoFileIsAnAnswerToo) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());

  Fails(*executor, 41, "NOT_A_FILE");

  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->presence(), ReadTargetResponse::PRESENCE_UNREADABLE);
  EXPECT_EQ((*answer)->message(), "why NOT_A_FILE");
}

TEST_F(TargetReaderTest, WhatIsThereHidesNothing) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());

  Reads(*executor, "a\x1b[2Kb\xff");

  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->content().text(), "a\\u{001B}[2Kb\\x{FF}");
}

TEST_F(TargetReaderTest, ALongFileIsCutAndSaysSo) {
  const auto executor = NewExecutor("ex-1");
  const Answer answer = Look(AskToWrite().id());

  const Job job =
      Reads(*executor, std::string(TargetReader::kMaxBytes + 1, 'x'));

  EXPECT_EQ(SpecOf(job).action().file_read().limit(),
            TargetReader::kMaxBytes + 1);
  ASSERT_THAT(*answer, IsOk());
  EXPECT_EQ((*answer)->content().text().size(), TargetReader::kMaxBytes);
  EXPECT_THAT((*answer)->message(), HasSubstr("goes on"));
}

TEST_F(TargetReaderTest, ItIsGivenUpAfterAWhile) {
  const auto executor = NewExecutor("ex-1", 'a', /*credits=*/0);
  const Answer answer = Look(AskToWrite().id());
  Pass(absl::Seconds(9));
  EXPECT_THAT(*answer, StatusIs(absl::StatusCode::kInternal));

  Pass(absl::Seconds(2));

  EXPECT_THAT(*answer, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(answer->status()), "TARGET_NOT_READ");
  // Nothing is left that would run.
  executor->GiveCredits(1);
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(TargetReaderTest, OnlyWhatIsPendingIsLookedAt) {
  const auto executor = NewExecutor("ex-1");
  const Approval asked = AskToWrite();
  ASSERT_THAT(Decide("bob", asked, ApprovalAnswer::ANSWER_REJECT), IsOk());

  const Answer answer = Look(asked.id());

  EXPECT_EQ(ErrorReason(answer->status()), "APPROVAL_ENDED");
  EXPECT_EQ(ErrorReason(Look("no-such")->status()), "APPROVAL_NOT_FOUND");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(TargetReaderTest, OnlyWritingHasATarget) {
  const auto executor = NewExecutor("ex-1");
  const Approval asked =
      PendingOf(*Send("ada", DeleteRequest("", "notes.txt")));

  const Answer answer = Look(asked.id());

  EXPECT_EQ(ErrorReason(answer->status()), "NO_TARGET");
  EXPECT_TRUE(executor->jobs().empty());
}

TEST_F(TargetReaderTest, SoManyAtOnceAndNoMore) {
  const Approval asked = AskToWrite();
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < TargetReader::kMaxReads; ++i) {
    answers.push_back(Look(asked.id()));
  }
  EXPECT_THAT(*answers.back(), StatusIs(absl::StatusCode::kInternal));

  const Answer refused = Look(asked.id());

  EXPECT_EQ(ErrorReason(refused->status()), "TOO_MANY_LOOKS");
  Pass(absl::Seconds(11));
  EXPECT_THAT(*answers.back(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(*Look(asked.id()), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace airlock::policy
