#include "services/policy/dispatch/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "airlock/internal/v1/spec.pb.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Job;
using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

class DispatcherTest : public DispatchFixture {
 protected:
  using DispatchFixture::DispatchFixture;
};

TEST_F(DispatcherTest, ExecutionGoesFromRequestToOutcome) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "hello\n");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(client->events().front().accepted().state(),
            PublicExecution::STATE_QUEUED);
  EXPECT_EQ(client->output(airlock::v1::OUTPUT_STREAM_STDOUT), "hello\n");
  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_FINISHED);
  EXPECT_EQ(client->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(client->completed().executor_id(), "ex-1");
  EXPECT_TRUE(executor->last().has_end_ack());
}

TEST_F(DispatcherTest, JobCarriesTheDigestOfExactlyItsBytes) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hi");

  const Job job = executor->jobs().at(0);
  const std::string domain("airlock.execution.v1\0", 21);
  EXPECT_EQ(job.digest(), ToBytes(Sha256(domain + job.spec())));
  EXPECT_EQ(client->events().front().accepted().digest(),
            HexEncode(job.digest()));
  airlock::internal::v1::ExecutionSpec spec;
  ASSERT_TRUE(spec.ParseFromString(job.spec()));
  EXPECT_EQ(spec.action().system_command().argv().args(1), "hi");
  EXPECT_EQ(spec.agent(), "ada");
}

TEST_F(DispatcherTest, GrantIsSignedForExactlyThisAssignment) {
  const auto executor = NewExecutor("ex-1", 'b');
  Execute("ada", "r1");
  const Job job = RunNewest(*executor);

  const auto grant = executor->grants().at(0);
  const std::string domain("airlock.grant.v1\0", 17);
  EXPECT_TRUE(
      key_->verify_key().Verify(domain + grant.claims(), grant.signature()));
  airlock::internal::v1::GrantClaims claims;
  ASSERT_TRUE(claims.ParseFromString(grant.claims()));
  EXPECT_EQ(claims.digest(), job.digest());
  EXPECT_EQ(claims.executor_id(), "ex-1");
  EXPECT_EQ(claims.boot_nonce(), std::string(16, 'b'));
  EXPECT_EQ(claims.fence(), job.fence());
}

TEST_F(DispatcherTest, NoMoreJobsThanCredits) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  for (int i = 0; i < 5; ++i) Execute("ada", "r" + std::to_string(i));

  EXPECT_EQ(executor->jobs().size(), 2U);
}

TEST_F(DispatcherTest, AgentsTakeTurns) {
  for (int i = 0; i < 3; ++i) Execute("ada", "a" + std::to_string(i));
  const auto late = Execute("bob", "b0");
  const auto executor = NewExecutor("ex-1", 'a', 2);

  EXPECT_EQ(executor->jobs().at(1).execution_id(), late->id());
}

TEST_F(DispatcherTest, WaitingTooLongExpires) {
  const auto client = Execute("ada", "r1");
  Pass(absl::Seconds(61));

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_EXPIRED);
  EXPECT_EQ(client->completed().state_reason(), "QUEUE_TIMEOUT");
  const auto executor = NewExecutor("ex-1");
  EXPECT_EQ(executor->jobs().size(), 0U);
}

TEST_F(DispatcherTest, CancelWhileWaitingNeverReachesAnExecutor) {
  const auto client = Execute("ada", "r1");
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  const auto executor = NewExecutor("ex-1");

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(executor->jobs().size(), 0U);
}

TEST_F(DispatcherTest, CancelWhilePreparingTakesTheJobBack) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = executor->jobs().at(0);
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  executor->SayReady(job);

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
  EXPECT_EQ(executor->grants().size(), 0U);
  executor->SayEnded(job, Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(executor->Count(ConnectResponse::kEndAck), 1);
}

TEST_F(DispatcherTest, CancelBetweenStartAndGrantSendsNoGrant) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  store_.Hold();
  RunNewest(*executor);
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  store_.Release();

  EXPECT_EQ(executor->grants().size(), 0U);
  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_CANCELLED);
}

TEST_F(DispatcherTest, CancelWhileRunningEndsAsTheExecutorSays) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  EXPECT_THAT(Cancel("ada", client->id()), IsOk());
  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
  EXPECT_FALSE(client->finished().has_value());
  executor->SayEnded(job, Outcome::ENDED_BY_CANCELLED);

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_FINISHED);
  EXPECT_EQ(client->completed().outcome().ended_by(),
            Outcome::ENDED_BY_CANCELLED);
}

TEST_F(DispatcherTest, SameRequestAttachesToTheSameExecution) {
  const auto executor = NewExecutor("ex-1", 'a', 5);
  const auto first = Execute("ada", "r1");
  const auto second = Execute("ada", "r1");

  EXPECT_EQ(second->id(), first->id());
  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(DispatcherTest, SameIdWithAnotherRequestIsRefused) {
  const auto executor = NewExecutor("ex-1", 'a', 5);
  Execute("ada", "r1", "one");
  const auto other = Execute("ada", "r1", "two");

  ASSERT_TRUE(other->finished().has_value());
  EXPECT_THAT(*other->finished(), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(ErrorReason(*other->finished()), "REQUEST_ID_REUSED");
  EXPECT_EQ(executor->jobs().size(), 1U);
}

TEST_F(DispatcherTest, SameIdOfAnotherAgentIsAnotherExecution) {
  const auto mine = Execute("ada", "r1");
  const auto theirs = Execute("bob", "r1");

  EXPECT_NE(mine->id(), theirs->id());
}

TEST_F(DispatcherTest, WhatBelongsToAnotherAgentIsNotFound) {
  const auto client = Execute("ada", "r1");

  EXPECT_THAT(Get("bob", client->id()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Cancel("bob", client->id()),
              StatusIs(absl::StatusCode::kNotFound));
  const auto watcher = Watch("bob", client->id());
  ASSERT_TRUE(watcher->finished().has_value());
  EXPECT_THAT(*watcher->finished(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(client->finished().has_value());
}

TEST_F(DispatcherTest, WatcherAttachesFromAnOffset) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "hello");
  const auto watcher = Watch("ada", client->id(), 2);
  executor->SayOutput(job, 5, " world");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(watcher->output(airlock::v1::OUTPUT_STREAM_STDOUT), "llo world");
  EXPECT_EQ(watcher->skipped_bytes(), 0U);
  EXPECT_TRUE(watcher->events().back().has_completed());
}

TEST_F(DispatcherTest, SlowClientHoldsTheExecutorBackUntilItGoes) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hello", /*slow=*/true);
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, std::string(kOutputWindow, 'x'));
  EXPECT_EQ(executor->Count(ConnectResponse::kOutputCredit), 0);

  client->GoAway();

  ASSERT_EQ(executor->Count(ConnectResponse::kOutputCredit), 1);
  EXPECT_EQ(executor->last().output_credit().limit_bytes(), 2 * kOutputWindow);
}

TEST_F(DispatcherTest, SlowClientGetsWhatCameMeanwhileTogether) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hello", /*slow=*/true);
  const Job job = RunNewest(*executor);
  executor->SayOutput(job, 0, "a");
  executor->SayOutput(job, 1, "b");
  executor->SayOutput(job, 2, std::string(64 * 1024 - 2, 'c'));
  executor->SayOutput(job, std::uint64_t{64} << 10U, "d");

  // Of accepted and of the change of state.
  client->TakeOne();
  client->TakeOne();

  const airlock::v1::OutputChunk& whole = client->events().back().output();
  EXPECT_EQ(whole.data().substr(0, 3), "abc");
  EXPECT_EQ(whole.data().size(), 64U * 1024) << "no more at once";
  client->TakeOne();
  EXPECT_EQ(client->events().back().output().data(), "d");
  EXPECT_EQ(client->events().back().output().offset(), 64U * 1024);
  EXPECT_EQ(client->skipped_bytes(), 0U);
}

TEST_F(DispatcherTest, WhatIsNotKeptIsToldAsSkippedAndNotPutTogether) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  const auto late = std::make_shared<FakeSink>(*dispatcher_, /*slow=*/true);
  airlock::v1::WatchExecutionRequest request;
  request.set_id(client->id());
  dispatcher_->Watch(late->watcher(),
                     {"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}, request, late);
  // An odd number of them is kept from before the gap, and two go together.
  constexpr std::uint64_t kPiece = std::uint64_t{28} << 10U;
  constexpr std::uint64_t kPieces = 60;
  const auto letter = [](std::uint64_t piece) {
    return static_cast<char>('!' + piece);
  };
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    executor->SayOutput(job, i * kPiece, std::string(kPiece, letter(i)));
  }
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  for (std::uint64_t i = 0; i < kPieces + 2; ++i) late->TakeOne();

  EXPECT_GT(late->skipped_bytes(), 0U);
  EXPECT_EQ(late->skipped_bytes() +
                late->output(airlock::v1::OUTPUT_STREAM_STDOUT).size(),
            kPieces * kPiece);
  for (const airlock::v1::ExecutionEvent& event : late->events()) {
    const std::string& data = event.output().data();
    if (data.empty()) continue;
    const std::uint64_t last = event.output().offset() + data.size() - 1;
    EXPECT_EQ(data.front(), letter(event.output().offset() / kPiece));
    EXPECT_EQ(data.back(), letter(last / kPiece)) << "of " << data.size();
  }
}

TEST_F(DispatcherTest, WhatCameMeanwhileIsNotPutTogetherAcrossStreams) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hello", /*slow=*/true);
  const Job job = RunNewest(*executor);
  const auto say = [&](airlock::v1::OutputStream stream, std::uint64_t offset,
                       const std::string& data) {
    airlock::internal::v1::ConnectRequest message;
    airlock::internal::v1::Output& output = *message.mutable_output();
    output.set_execution_id(job.execution_id());
    output.set_fence(job.fence());
    output.mutable_chunk()->set_stream(stream);
    output.mutable_chunk()->set_offset(offset);
    output.mutable_chunk()->set_data(data);
    executor->Say(std::move(message));
  };
  say(airlock::v1::OUTPUT_STREAM_STDERR, 0, "e");
  say(airlock::v1::OUTPUT_STREAM_STDOUT, 0, "o");
  say(airlock::v1::OUTPUT_STREAM_STDERR, 1, "f");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  for (int i = 0; i < 5; ++i) client->TakeOne();

  EXPECT_EQ(client->output(airlock::v1::OUTPUT_STREAM_STDOUT), "o");
  EXPECT_EQ(client->output(airlock::v1::OUTPUT_STREAM_STDERR), "ef");
}

TEST_F(DispatcherTest, ExecutionGoesOnWithoutItsClient) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  client->GoAway();
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 0);
  EXPECT_EQ(Get("ada", client->id())->outcome().ended_by(),
            Outcome::ENDED_BY_EXITED);
}

TEST_F(DispatcherTest, ExecutionEndsWithItsClientIfAskedTo) {
  const auto executor = NewExecutor("ex-1");
  const auto client = Execute("ada", "r1", "hello", false,
                              /*cancel_on_disconnect=*/true);
  RunNewest(*executor);
  client->GoAway();

  EXPECT_EQ(executor->Count(ConnectResponse::kCancelJob), 1);
}

TEST_F(DispatcherTest, DrainingExecutorGetsNothingNew) {
  const auto executor = NewExecutor("ex-1", 'a', 5);
  executor->SayDraining();
  Execute("ada", "r1");

  EXPECT_EQ(executor->jobs().size(), 0U);
}

TEST_F(DispatcherTest, DrainingPolicyRefusesNewButKeepsOld) {
  const auto executor = NewExecutor("ex-1");
  const auto old = Execute("ada", "r1");
  const Job job = RunNewest(*executor);
  dispatcher_->BeginDrain();
  const auto late = Execute("ada", "r2");
  executor->SayEnded(job, Outcome::ENDED_BY_EXITED);

  ASSERT_TRUE(late->finished().has_value());
  EXPECT_THAT(*late->finished(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(old->events().back().has_completed());
}

TEST_F(DispatcherTest, ListShowsWaitingAndEndedNewestFirst) {
  const auto executor = NewExecutor("ex-1");
  const auto ended = Execute("ada", "r1");
  executor->SayEnded(executor->jobs().at(0), Outcome::ENDED_BY_NOT_STARTED);
  clock_.Advance(absl::Seconds(1));
  const auto waiting = Execute("ada", "r2");
  Execute("bob", "r3");
  ExecutionPage page;
  dispatcher_->List({"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}, {},
                    [&](auto result) { page = *std::move(result); });

  ASSERT_EQ(page.executions.size(), 2U);
  EXPECT_EQ(page.executions[0].id(), waiting->id());
  EXPECT_EQ(page.executions[1].id(), ended->id());
  EXPECT_EQ(page.next_page_token, "");
}

TEST_F(DispatcherTest, ListGivesPages) {
  for (int i = 0; i < 5; ++i) {
    Execute("ada", "r" + std::to_string(i));
    clock_.Advance(absl::Seconds(1));
  }
  airlock::v1::ListExecutionsRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  for (int pages = 0; pages < 3; ++pages) {
    dispatcher_->List({"ada", airlock::v1::PRINCIPAL_ROLE_AGENT}, request,
                      [&](auto page) {
                        for (const auto& execution : page->executions) {
                          seen.push_back(execution.request_id());
                        }
                        request.set_page_token(page->next_page_token);
                      });
  }

  EXPECT_THAT(seen, testing::ElementsAre("r4", "r3", "r2", "r1", "r0"));
  EXPECT_EQ(request.page_token(), "");
}

class SupervisedTest : public DispatcherTest {
 protected:
  SupervisedTest()
      : DispatcherTest(R"({"autonomy":{"level":"supervised",
                           "blockedActions":["code_exec"]}})") {}
};

TEST_F(SupervisedTest, WhatIsBlockedIsNotAskedAbout) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id("r1");
  request.mutable_action()->mutable_code_exec()->set_language("python");
  request.mutable_action()->mutable_code_exec()->set_code("print(1)");
  const auto client = Send("ada", request);

  EXPECT_EQ(client->completed().state(), PublicExecution::STATE_DENIED);
  EXPECT_EQ(client->completed().state_reason(), "BLOCKED_ACTION");
}

class SmallQueueTest : public DispatcherTest {
 protected:
  static DispatchLimits Limits() {
    DispatchLimits limits;
    limits.queue = {3, 2};
    limits.max_ended = 1;
    return limits;
  }
  SmallQueueTest() : DispatcherTest(kFullAutonomy, Limits()) {}
};

TEST_F(SmallQueueTest, FullQueueOfOneAgentRefusesOnlyThatAgent) {
  Execute("ada", "r1");
  Execute("ada", "r2");
  const auto refused = Execute("ada", "r3");
  const auto other = Execute("bob", "r1");

  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_THAT(*refused->finished(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       testing::HasSubstr("agent:ada")));
  EXPECT_FALSE(other->finished().has_value());
}

TEST_F(SmallQueueTest, FullQueueRefusesEverybody) {
  Execute("ada", "r1");
  Execute("ada", "r2");
  Execute("bob", "r1");
  const auto refused = Execute("eve", "r1");

  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(ErrorReason(*refused->finished()), "QUEUE_FULL");
}

TEST_F(SmallQueueTest, OutputOfWhatIsOutOfMemoryIsTheStores) {
  const auto executor = NewExecutor("ex-1", 'a', 2);
  std::vector<std::string> ids;
  for (const char* request : {"r1", "r2"}) {
    const auto client = Execute("ada", request);
    const Job job = RunNewest(*executor);
    executor->SayOutput(job, 0, "hello");
    airlock::internal::v1::ConnectRequest message;
    message.mutable_job_ended()->set_execution_id(job.execution_id());
    message.mutable_job_ended()->set_fence(job.fence());
    Outcome& outcome = *message.mutable_job_ended()->mutable_outcome();
    outcome.set_ended_by(Outcome::ENDED_BY_EXITED);
    outcome.mutable_usage()->set_stdout_bytes(5);
    executor->Say(message);
    ids.push_back(client->id());
  }
  const auto old = Watch("ada", ids[0]);
  const auto again = Execute("ada", "r1");

  EXPECT_EQ(old->skipped_bytes(), 0U);
  EXPECT_EQ(old->output(airlock::v1::OUTPUT_STREAM_STDOUT), "hello");
  EXPECT_EQ(old->completed().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(again->id(), ids[0]);
  EXPECT_EQ(executor->jobs().size(), 2U);
}

}  // namespace
}  // namespace airlock::policy
