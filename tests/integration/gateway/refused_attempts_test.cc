// What somebody tried and was refused is found in the audit, whichever service
// refused it: gateway and policy service over real gRPC with mutual TLS.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalService;
using airlock::v1::AuditRecord;
using airlock::v1::AuditService;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kDecide[] = "airlock.v1.ApprovalService.DecideApproval";
constexpr char kExecute[] = "airlock.v1.ExecutionService.Execute";

// Ann, who approves, is the person behind the agent ada.
constexpr char kContract[] = R"("autonomy":{"level":"full"},
    "approvalGating":{
      "approvers":["web:ann"],
      "people":[{"name":"Ann","ids":["web:ann","agent:ada"]}],
      "rules":[{"action":"system_command","approval":"required"}]})";

// A record of the audit with its details.
struct Found {
  AuditRecord record;
  std::string payload;
};

class RefusedAttemptsTest : public testing::Test {
 protected:
  RefusedAttemptsTest() { WaitReady(); }

  // Until calls arrive at the policy service.
  void WaitReady() {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (!ExecutionsCanBeListed() && absl::Now() < give_up) {
    }
    ASSERT_TRUE(ExecutionsCanBeListed());
  }

  bool ExecutionsCanBeListed() {
    airlock::v1::ListExecutionsResponse response;
    return stack_.Client()
        ->ListExecutions(Stack::As("olga").get(), {}, &response)
        .ok();
  }

  // The newest records of refusals.
  std::vector<Found> Refusals() {
    airlock::v1::ListAuditRecordsRequest request;
    request.set_page_size(500);
    request.mutable_filter()->set_type(airlock::v1::AUDIT_EVENT_TYPE_REFUSED);
    airlock::v1::ListAuditRecordsResponse response;
    const grpc::Status status =
        AuditService::NewStub(stack_.Connection())
            ->ListAuditRecords(Stack::As("olga").get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<Found> found;
    for (const airlock::v1::SealedAuditRecord& sealed : response.records()) {
      Found& one = found.emplace_back();
      EXPECT_TRUE(one.record.ParseFromString(sealed.record()));
      one.payload = sealed.payload();
    }
    return found;
  }

  // The record with this reason and method. Asks until it is there: a gateway
  // reports once a second.
  std::optional<Found> WaitForRefusal(const std::string& reason,
                                      const std::string& method) {
    const absl::Time deadline = absl::Now() + absl::Seconds(10);
    while (absl::Now() < deadline) {
      for (const Found& found : Refusals()) {
        if (found.record.reason() == reason &&
            absl::StrContains(found.payload, "\"" + method + "\"")) {
          return found;
        }
      }
    }
    return std::nullopt;
  }

  // A question of ada's.
  Approval Ask() {
    asking_ = Stack::As("ada");
    stream_ = executions_->Execute(asking_.get(), Command({"echo", "hi"}));
    airlock::v1::ExecuteResponse response;
    while (stream_->Read(&response)) {
      if (response.event().has_approval()) return response.event().approval();
    }
    ADD_FAILURE() << "nobody was asked";
    return {};
  }

  absl::Status Approve(const std::string& principal, const Approval& approval) {
    airlock::v1::DecideApprovalRequest request;
    request.set_id(approval.id());
    request.set_answer(airlock::v1::ApprovalAnswer::ANSWER_APPROVE);
    request.set_digest(approval.digest());
    airlock::v1::DecideApprovalResponse response;
    return FromGrpcStatus(approvals_->DecideApproval(Stack::As(principal).get(),
                                                     request, &response));
  }

  Stack stack_{kContract};
  const std::shared_ptr<grpc::Channel> connection_ = stack_.Connection();
  const std::unique_ptr<airlock::v1::ExecutionService::Stub> executions_ =
      airlock::v1::ExecutionService::NewStub(connection_);
  const std::unique_ptr<ApprovalService::Stub> approvals_ =
      ApprovalService::NewStub(connection_);
  std::unique_ptr<grpc::ClientContext> asking_;
  std::unique_ptr<grpc::ClientReader<airlock::v1::ExecuteResponse>> stream_;
};

TEST_F(RefusedAttemptsTest, AgentThatDecidesAnApprovalIsFound) {
  ASSERT_EQ(ErrorReason(Approve("ada", Approval())), "ROLE_NOT_ALLOWED");

  const auto found = WaitForRefusal("ROLE_NOT_ALLOWED", kDecide);

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->record.actor(), "ada");
  EXPECT_THAT(found->payload,
              AllOf(HasSubstr(R"("peerAddress":"127.0.0.1")"),
                    HasSubstr(R"("reportedBy":"gateway 127.0.0.1")")));
}

TEST_F(RefusedAttemptsTest, GuessedTokenIsFoundAndNothingOfItIsKept) {
  const Transcript told = stack_.Execute("mallory", Command({"echo", "hi"}));
  ASSERT_EQ(ErrorReason(told.status), "TOKEN_INVALID");

  const auto found = WaitForRefusal("TOKEN_INVALID", kExecute);

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->record.actor(), "");
  // The token was "token-of-mallory".
  EXPECT_THAT(found->payload, Not(HasSubstr("mallory")));
  EXPECT_THAT(found->payload, Not(HasSubstr("token-of")));
}

TEST_F(RefusedAttemptsTest, ManyGuessesAreFewRecordsThatTellThemAll) {
  constexpr std::uint64_t kGuesses = 200;
  for (std::uint64_t i = 0; i < kGuesses; ++i) {
    airlock::v1::GetExecutionResponse response;
    executions_->GetExecution(Stack::As("mallory").get(), {}, &response);
  }

  std::uint64_t told = 0;
  std::size_t records = 0;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (told < kGuesses && absl::Now() < deadline) {
    told = 0;
    records = 0;
    for (const Found& found : Refusals()) {
      ++records;
      const std::size_t at = found.payload.find(R"("count":)");
      told += at == std::string::npos
                  ? 1
                  : std::stoull(found.payload.substr(at + 8));
    }
  }

  EXPECT_EQ(told, kGuesses);
  // One a second while they came.
  EXPECT_LT(records, kGuesses / 4);
}

TEST_F(RefusedAttemptsTest, PersonBehindTheAgentWhoAnswersItsQuestionIsFound) {
  const Approval approval = Ask();
  ASSERT_EQ(ErrorReason(Approve("ann", approval)), "SELF_APPROVAL");

  const auto found = WaitForRefusal("SELF_APPROVAL", kDecide);

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->record.actor(), "web:ann");
  EXPECT_EQ(found->record.agent(), "ada");
}

TEST_F(RefusedAttemptsTest, SoIsOneWhoTriesWhenItHasEnded) {
  const Approval approval = Ask();
  airlock::v1::CancelApprovalRequest request;
  request.set_id(approval.id());
  airlock::v1::CancelApprovalResponse response;
  ASSERT_TRUE(
      approvals_->CancelApproval(Stack::As("ada").get(), request, &response)
          .ok());
  ASSERT_EQ(ErrorReason(Approve("ann", approval)), "SELF_APPROVAL");

  EXPECT_TRUE(WaitForRefusal("SELF_APPROVAL", kDecide).has_value());
}

TEST_F(RefusedAttemptsTest, AgentThatAsksForAnothersThingsIsFound) {
  airlock::v1::ListApprovalsRequest list;
  list.set_agent("bob");
  airlock::v1::ListApprovalsResponse approvals;
  approvals_->ListApprovals(Stack::As("ada").get(), list, &approvals);
  airlock::v1::WatchApprovalsRequest watch;
  watch.set_agent("bob");
  const auto watching = Stack::As("ada");
  approvals_->WatchApprovals(watching.get(), watch)->Finish();
  airlock::v1::ListExecutionsRequest executions;
  executions.set_agent("bob");
  airlock::v1::ListExecutionsResponse listed;
  executions_->ListExecutions(Stack::As("ada").get(), executions, &listed);
  airlock::v1::ExplainActionRequest explain;
  explain.set_agent("bob");
  airlock::v1::ExplainActionResponse explained;
  airlock::v1::PolicyService::NewStub(connection_)
      ->ExplainAction(Stack::As("ada").get(), explain, &explained);

  for (const char* method : {"airlock.v1.ApprovalService.ListApprovals",
                             "airlock.v1.ApprovalService.WatchApprovals",
                             "airlock.v1.ExecutionService.ListExecutions",
                             "airlock.v1.PolicyService.ExplainAction"}) {
    const auto found = WaitForRefusal("OTHER_AGENT", method);
    ASSERT_TRUE(found.has_value()) << method;
    EXPECT_EQ(found->record.actor(), "ada") << method;
  }
}

TEST_F(RefusedAttemptsTest, PeerWithTheWrongCertificateIsFound) {
  const auto stub = airlock::v1::ExecutionService::NewStub(MakeChannel(
      absl::StrCat("127.0.0.1:", stack_.policy().port()),
      *MutualTlsChannelCredentials(
          stack_.certs().ForRole(airlock::v1::PEER_ROLE_EXECUTOR), "test"),
      {PeerDnsName(airlock::v1::PEER_ROLE_POLICY)}));
  airlock::v1::ListExecutionsResponse response;
  ASSERT_FALSE(
      stub->ListExecutions(Stack::As("ada").get(), {}, &response).ok());

  const auto found = WaitForRefusal(
      "PEER_ROLE_NOT_ALLOWED", "airlock.v1.ExecutionService.ListExecutions");

  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->payload, HasSubstr("PEER_ROLE_EXECUTOR"));
}

TEST_F(RefusedAttemptsTest, GatewayThatStopsTellsWhatItRefusedLast) {
  ASSERT_EQ(ErrorReason(Approve("ada", Approval())), "ROLE_NOT_ALLOWED");

  stack_.gateway().Drain(absl::Now() + absl::Seconds(5));
  stack_.StopGateway();
  stack_.StartGateway();
  WaitReady();

  EXPECT_TRUE(WaitForRefusal("ROLE_NOT_ALLOWED", kDecide).has_value());
}

TEST_F(RefusedAttemptsTest, WhatWasRefusedWithoutAPolicyServiceIsToldLater) {
  stack_.StopPolicy();
  ASSERT_EQ(ErrorReason(Approve("ada", Approval())), "ROLE_NOT_ALLOWED");
  stack_.StartPolicy();
  WaitReady();

  EXPECT_TRUE(WaitForRefusal("ROLE_NOT_ALLOWED", kDecide).has_value());
}

}  // namespace
}  // namespace airlock
