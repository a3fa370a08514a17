// Looking back and ahead, through gateway and policy service, over a store in a
// file that outlives the service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/report.grpc.pb.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/store/sqlite/database.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ApprovalReportRow;
using airlock::v1::ApprovalService;
using airlock::v1::Decision;
using airlock::v1::Execution;
using airlock::v1::GetExecutionResponse;
using airlock::v1::ListExecutionsRequest;
using airlock::v1::PolicyService;
using airlock::v1::ReplayResult;
using airlock::v1::ReportService;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What is made is asked about, and shutting down is refused.
constexpr char kContract[] = R"(
    "autonomy":{"level":"full"},
    "approvalGating":{"rejectionMemory":0,"rules":[
      {"action":"system_command","approval":"required","command":"make"},
      {"action":"system_command","approval":"deny","command":"shutdown"}]})";

constexpr char kStricter[] = R"({
    "autonomy":{"level":"full","blockedActions":["system_command"]}})";
constexpr char kLooser[] = R"({"autonomy":{"level":"full"}})";

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    stack_.KeepInFile();
    stack_.StartExecutor("one");
    stack_.WaitReady();
    reports_ = ReportService::NewStub(stack_.Connection());
    approvals_ = ApprovalService::NewStub(stack_.Connection());
    client_ = stack_.Client();
  }

  // Three that ran, two that were asked about, one that was refused.
  void Live() {
    for (const char* word : {"one", "two", "three"}) {
      ids_.push_back(stack_.Execute("ada", Command({"echo", word})).id);
    }
    for (int i = 0; i < 2; ++i) RejectedMake();
    stack_.Execute("bob", Command({"shutdown", "now"}));
  }

  // The id of the approval.
  std::string RejectedMake() {
    const auto context = Stack::As("ada");
    const auto reader =
        client_->Execute(context.get(), Command({"make", "install"}));
    Transcript transcript;
    airlock::v1::ExecuteResponse response;
    std::string approval;
    while (approval.empty() && reader->Read(&response)) {
      if (response.event().has_approval()) {
        approval = response.event().approval().id();
        Reject(response.event().approval());
      }
      transcript.Add(response.event());
    }
    transcript = ReadAll<airlock::v1::ExecuteResponse>(*reader, transcript);
    EXPECT_EQ(transcript.completed.state(), Execution::STATE_REJECTED);
    asked_.push_back(transcript.id);
    return approval;
  }

  void Reject(const airlock::v1::Approval& approval) {
    airlock::v1::DecideApprovalRequest request;
    request.set_id(approval.id());
    request.set_answer(airlock::v1::ApprovalAnswer::ANSWER_REJECT);
    request.set_digest(approval.digest());
    airlock::v1::DecideApprovalResponse response;
    EXPECT_THAT(FromGrpcStatus(approvals_->DecideApproval(
                    Stack::As("ann").get(), request, &response)),
                IsOk());
  }

  absl::StatusOr<ReplayResult> Replay(const std::string& config,
                                      const std::string& agent = "") {
    airlock::v1::ReplayPolicyRequest request;
    request.set_config(config);
    request.mutable_range()->set_agent(agent);
    *request.mutable_range()->mutable_from_time() =
        ToProto(absl::Now() - absl::Hours(1));
    const auto context = Stack::As("olga");
    const auto reader = reports_->ReplayPolicy(context.get(), request);
    absl::StatusOr<ReplayResult> result = absl::InternalError("no result");
    airlock::v1::ReplayPolicyResponse response;
    while (reader->Read(&response)) {
      if (response.has_result()) result = response.result();
    }
    const absl::Status status = FromGrpcStatus(reader->Finish());
    if (!status.ok()) return status;
    return result;
  }

  std::vector<std::string> List(const ListExecutionsRequest& request,
                                const std::string& principal = "olga") {
    airlock::v1::ListExecutionsResponse response;
    EXPECT_THAT(FromGrpcStatus(client_->ListExecutions(
                    Stack::As(principal).get(), request, &response)),
                IsOk());
    std::vector<std::string> ids;
    for (const Execution& execution : response.executions()) {
      ids.push_back(execution.id());
    }
    return ids;
  }

  absl::StatusOr<GetExecutionResponse> Get(const std::string& id,
                                           const std::string& principal) {
    airlock::v1::GetExecutionRequest request;
    request.set_id(id);
    GetExecutionResponse response;
    const absl::Status status = FromGrpcStatus(
        client_->GetExecution(Stack::As(principal).get(), request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<airlock::v1::GetApprovalResponse> GetApproval(
      const std::string& id) {
    airlock::v1::GetApprovalRequest request;
    request.set_id(id);
    airlock::v1::GetApprovalResponse response;
    const absl::Status status = FromGrpcStatus(
        approvals_->GetApproval(Stack::As("ann").get(), request, &response));
    if (!status.ok()) return status;
    return response;
  }

  // What is remembered, changed behind the service's back.
  void Tamper(const std::string& sql) {
    stack_.StopPolicy();
    auto database = policy::Database::Open(stack_.store_path(),
                                           policy::Database::Mode::kReadWrite);
    ASSERT_THAT(database, IsOk());
    ASSERT_THAT(database->Execute(sql), IsOk());
    stack_.StartPolicy();
    stack_.WaitReady();
  }

  Stack stack_{kContract};
  std::unique_ptr<ReportService::Stub> reports_;
  std::unique_ptr<ApprovalService::Stub> approvals_;
  std::unique_ptr<airlock::v1::ExecutionService::Stub> client_;
  // Of those that ran, and those that were asked about; oldest first.
  std::vector<std::string> ids_;
  std::vector<std::string> asked_;
};

TEST_F(ReportTest, StricterConfigurationWouldHaveRefusedWhatRan) {
  Live();
  stack_.StopPolicy();
  stack_.StartPolicy();
  stack_.WaitReady();

  const auto result = Replay(kStricter);

  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->requests(), 6U);
  EXPECT_EQ(result->changed(), 5U) << "one was refused already";
  EXPECT_EQ(result->unreadable(), 0U);
  EXPECT_TRUE(result->complete());
  ASSERT_THAT(result->changes(), SizeIs(2));
  EXPECT_EQ(result->changes(0).requests(), 3U);
  EXPECT_EQ(result->changes(0).before().effect(), Decision::EFFECT_ALLOW);
  EXPECT_EQ(result->changes(0).after().effect(), Decision::EFFECT_DENY);
  EXPECT_EQ(result->changes(0).after().rule(), "autonomy.blockedActions");
  EXPECT_EQ(result->changes(0).examples(0).id(), ids_.back());
  EXPECT_EQ(result->changes(1).before().rule(), "approvalGating.rules[0]");
}

TEST_F(ReportTest, LooserConfigurationWouldHaveLetThemRun) {
  Live();

  const auto result = Replay(kLooser);
  const auto bobs = Replay(kLooser, "bob");

  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->requests(), 6U);
  EXPECT_EQ(result->changed(), 3U);
  ASSERT_THAT(result->changes(), SizeIs(2));
  EXPECT_EQ(result->changes(0).requests(), 2U);
  EXPECT_EQ(result->changes(0).before().effect(),
            Decision::EFFECT_REQUIRE_APPROVAL);
  EXPECT_EQ(result->changes(0).after().effect(), Decision::EFFECT_ALLOW);
  ASSERT_THAT(bobs, IsOk());
  EXPECT_EQ(bobs->requests(), 1U);
  EXPECT_EQ(bobs->changes(0).before().rule(), "approvalGating.rules[1]");
  EXPECT_THAT(Replay(R"({"autonomy":{"level":"most"}})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("autonomy.level")));
}

TEST_F(ReportTest, ReportCountsQuestionsAndActivityCountsEnds) {
  Live();
  airlock::v1::GetApprovalReportResponse report;
  ASSERT_THAT(FromGrpcStatus(reports_->GetApprovalReport(Stack::As("ann").get(),
                                                         {}, &report)),
              IsOk());
  airlock::v1::GetActivityRequest request;
  *request.mutable_range()->mutable_from_time() =
      ToProto(absl::Now() - absl::Hours(1));
  airlock::v1::GetActivityResponse activity;
  ASSERT_THAT(FromGrpcStatus(reports_->GetActivity(Stack::As("ann").get(),
                                                   request, &activity)),
              IsOk());

  ASSERT_THAT(report.rows(), SizeIs(3));
  const ApprovalReportRow& asked = report.rows(0);
  EXPECT_EQ(asked.rule(), "approvalGating.rules[0]");
  EXPECT_EQ(asked.rejected(), 2U);
  EXPECT_EQ(asked.repeated(), 1U);
  EXPECT_EQ(asked.full_would_run(), 0U) << "its rule asks at any level";
  EXPECT_EQ(activity.run_time().count(), 3U);
  EXPECT_EQ(activity.decision_time().count(), 2U);
  EXPECT_EQ(activity.agents(0).agent(), "ada");
  EXPECT_EQ(activity.agents(0).by_result().at("exited"), 3U);
  EXPECT_EQ(activity.agents(0).by_result().at("rejected"), 2U);
}

TEST_F(ReportTest, FiltersReachWhatWasAskedFor) {
  Live();
  ListExecutionsRequest text;
  text.set_text("three");
  EXPECT_THAT(List(text), ElementsAre(ids_[2]));
  EXPECT_THAT(List(text, "bob"), IsEmpty()) << "it is another agent's";
  ListExecutionsRequest state;
  state.set_state(Execution::STATE_REJECTED);
  EXPECT_THAT(List(state, "ann"), ElementsAre(asked_[1], asked_[0]));
  ListExecutionsRequest future;
  *future.mutable_from_time() = ToProto(absl::Now() + absl::Hours(1));
  EXPECT_THAT(List(future), IsEmpty());
}

TEST_F(ReportTest, ViewIsWhatWasAskedFor) {
  Live();

  for (const char* principal : {"ada", "ann", "olga"}) {
    const auto shown = Get(ids_[1], principal);
    ASSERT_THAT(shown, IsOk()) << principal;
    EXPECT_TRUE(shown->view().complete()) << principal;
    EXPECT_THAT(shown->view().ShortDebugString(), HasSubstr("two"));
  }
  EXPECT_THAT(Get(ids_[1], "bob"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReportTest, BytesThatAreNotThoseOfTheDigestAreNotShown) {
  const std::string approval = RejectedMake();
  ASSERT_THAT(GetApproval(approval), IsOk());
  ASSERT_THAT(Get(asked_[0], "olga"), IsOk());
  Tamper("UPDATE specs SET spec = spec || x'5200'");

  const auto execution = Get(asked_[0], "olga");
  const auto question = GetApproval(approval);

  EXPECT_THAT(execution, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ErrorReason(execution.status()), "STORE_DAMAGED");
  EXPECT_THAT(question, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ErrorReason(question.status()), "STORE_DAMAGED");
  EXPECT_EQ(Replay(kLooser)->unreadable(), 1U);
}

TEST_F(ReportTest, BytesThatAreGoneShowNothing) {
  Live();
  Tamper("DELETE FROM specs");

  const auto shown = Get(ids_[0], "olga");

  ASSERT_THAT(shown, IsOk());
  EXPECT_FALSE(shown->has_view());
}

TEST_F(ReportTest, ConfigurationInForceIsShownAndRemembered) {
  airlock::v1::GetPolicyStatusResponse status;
  ASSERT_THAT(FromGrpcStatus(
                  PolicyService::NewStub(stack_.Connection())
                      ->GetPolicyStatus(Stack::As("ann").get(), {}, &status)),
              IsOk());
  airlock::v1::ListAuditRecordsRequest request;
  request.mutable_filter()->set_type(airlock::v1::AUDIT_EVENT_TYPE_CONFIG);
  airlock::v1::ListAuditRecordsResponse audit;
  ASSERT_THAT(
      FromGrpcStatus(
          airlock::v1::AuditService::NewStub(stack_.Connection())
              ->ListAuditRecords(Stack::As("olga").get(), request, &audit)),
      IsOk());

  EXPECT_THAT(status.effective_config(), HasSubstr("\"rejectionMemory\": 0"));
  EXPECT_THAT(Replay(status.effective_config()), IsOk());
  ASSERT_THAT(audit.records(), SizeIs(1));
  EXPECT_THAT(audit.records(0).payload(),
              HasSubstr(R"({"config":{"autonomy":{"level":"full"})"));
}

class HiddenContextTest : public testing::Test {
 protected:
  Stack stack_{R"("autonomy":{"level":"full"},
                  "approvalGating":{"showFullContext":false})"};
};

TEST_F(HiddenContextTest, ApproversSeeNoViewWhereTheContextIsHidden) {
  stack_.StartExecutor("one");
  stack_.WaitReady();
  airlock::v1::GetExecutionRequest request;
  request.set_id(stack_.Execute("ada", Command({"echo", "hi"})).id);

  for (const char* principal : {"ann", "olga", "ada"}) {
    GetExecutionResponse response;
    ASSERT_THAT(FromGrpcStatus(stack_.Client()->GetExecution(
                    Stack::As(principal).get(), request, &response)),
                IsOk());
    EXPECT_EQ(response.has_view(), std::string(principal) != "ann");
  }
}

}  // namespace
}  // namespace airlock
