// A policy service that is killed and started again over its store.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::Execution;
using airlock::v1::Outcome;

class PolicyRestartTest : public ClusterTest {
 protected:
  // Every shell line needs a human.
  void AskForCommands() {
    cluster_.config()["approvalGating"]["rules"] = nlohmann::json::array(
        {{{"action", "system_command"}, {"approval", "required"}}});
  }

  void KillPolicy() {
    cluster_.policy().Kill();
    cluster_.StartPolicy();
    AwaitPolicy();
  }

  // The gateway may still believe in the connection to the policy service that
  // was killed.
  void AwaitPolicy() {
    const absl::Time give_up = absl::Now() + kPatience;
    absl::Status status;
    do {
      airlock::v1::ListApprovalsResponse response;
      status = FromGrpcStatus(cluster_.Approvals()->ListApprovals(
          Cluster::As("anna").get(), {}, &response));
      if (status.ok()) return;
      absl::SleepFor(absl::Milliseconds(100));
    } while (absl::Now() < give_up);
    FAIL() << status;
  }

  // The approval of an execution, once it is asked.
  static std::string ReadUntilAsked(Call& call) {
    while (call.Read()) {
      const auto& events = call.transcript().events;
      if (!events.empty() && events.back().has_approval()) {
        return events.back().approval().id();
      }
    }
    ADD_FAILURE() << "nobody was asked";
    return "";
  }

  absl::StatusOr<Approval> Get(const std::string& id) {
    airlock::v1::GetApprovalRequest request;
    request.set_id(id);
    airlock::v1::GetApprovalResponse response;
    const grpc::Status status = cluster_.Approvals()->GetApproval(
        Cluster::As("anna").get(), request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response.approval();
  }

  absl::Status Approve(const std::string& id) {
    const absl::StatusOr<Approval> shown = Get(id);
    if (!shown.ok()) return shown.status();
    airlock::v1::DecideApprovalRequest request;
    request.set_id(id);
    request.set_answer(ApprovalAnswer::ANSWER_APPROVE);
    request.set_digest(shown->digest());
    airlock::v1::DecideApprovalResponse response;
    return FromGrpcStatus(cluster_.Approvals()->DecideApproval(
        Cluster::As("anna").get(), request, &response));
  }
};

TEST_F(PolicyRestartTest, WhatRunsIsTakenUpAndItsOutputGoesOn) {
  cluster_.StartAll();
  const auto request = MarkedShell(
      "echo first; while [ ! -e /marks/go ]; do sleep 0.1; done; echo last");
  Call call(cluster_, request);
  ASSERT_TRUE(call.ReadUntilOutput(6));

  cluster_.policy().Kill();
  EXPECT_THAT(call.Finish().status, StatusIs(absl::StatusCode::kUnavailable));
  cluster_.Mark("go");
  cluster_.StartPolicy();
  AwaitPolicy();
  const Transcript told = cluster_.Execute(request);

  EXPECT_EQ(told.id, call.id());
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_TRUE(absl::EndsWith(told.stdout_data, "last\n"));
  EXPECT_EQ(told.stdout_data.size() + told.skipped_bytes,
            told.completed.outcome().usage().stdout_bytes());
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(PolicyRestartTest, QuestionOutlivesItAndRunsOnce) {
  AskForCommands();
  cluster_.StartAll();
  const auto request = MarkedShell("echo agreed");
  Call call(cluster_, request);
  const std::string id = ReadUntilAsked(call);
  const absl::StatusOr<Approval> before = Get(id);
  ASSERT_THAT(before, IsOk());

  KillPolicy();

  const absl::StatusOr<Approval> after = Get(id);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->deadline().seconds(), before->deadline().seconds());
  EXPECT_EQ(after->digest(), before->digest());
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 0);
  ASSERT_THAT(Approve(id), IsOk());
  const Transcript told = cluster_.Execute(request);
  EXPECT_EQ(told.stdout_data, "agreed\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(PolicyRestartTest, AnswerOutlivesItWhereNobodyCouldRunIt) {
  AskForCommands();
  cluster_.StartPolicy();
  cluster_.StartGateway();
  cluster_.WaitGatewayReady();
  const auto request = MarkedShell("echo agreed");
  Call call(cluster_, request);
  ASSERT_THAT(Approve(ReadUntilAsked(call)), IsOk());

  KillPolicy();
  cluster_.StartExecutor();
  cluster_.WaitExecutorReady();

  EXPECT_EQ(cluster_.Execute(request).stdout_data, "agreed\n");
  EXPECT_EQ(cluster_.CountRuns(request.request_id()), 1);
}

TEST_F(PolicyRestartTest, SessionGoesOn) {
  cluster_.StartAll();
  auto first = Shell("echo kept > file");
  first.set_session("s");
  ASSERT_EQ(cluster_.Execute(first).completed.outcome().ended_by(),
            Outcome::ENDED_BY_EXITED);

  KillPolicy();
  cluster_.WaitExecutorReady();

  auto second = Shell("cat file");
  second.set_session("s");
  EXPECT_EQ(cluster_.Execute(second).stdout_data, "kept\n");
}

}  // namespace
}  // namespace airlock
