#include "services/policy/rpc/report_handler.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/report.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/security/authenticator.h"
#include "common/security/tls.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/store/memory/memory_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"
#include "tests/unit/policy/report/recorded_cases.h"
#include "tests/unit/policy/rpc/passing_store.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::GetActivityRequest;
using airlock::v1::GetActivityResponse;
using airlock::v1::GetApprovalReportRequest;
using airlock::v1::GetApprovalReportResponse;
using airlock::v1::ReplayPolicyRequest;
using airlock::v1::ReplayPolicyResponse;
using airlock::v1::ReportService;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kSupervised[] = R"({"autonomy":{"level":"supervised"}})";
constexpr char kFull[] = R"({"autonomy":{"level":"full"}})";

// The token is the role's word.
class RoleAuthenticator final : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(absl::string_view token) override {
    for (const auto& [word, role] :
         {std::pair("agent", airlock::v1::PRINCIPAL_ROLE_AGENT),
          std::pair("approver", airlock::v1::PRINCIPAL_ROLE_APPROVER),
          std::pair("auditor", airlock::v1::PRINCIPAL_ROLE_AUDITOR),
          std::pair("operator", airlock::v1::PRINCIPAL_ROLE_OPERATOR)}) {
      if (token == word) return Principal{"it", role};
    }
    return absl::UnauthenticatedError("nobody has this token");
  }
};

// What a replay told.
struct Replay {
  std::vector<std::uint32_t> progress;
  std::vector<airlock::v1::ReplayResult> results;
  absl::Status status;
};

// The handler behind real mutual TLS, as a gateway calls it.
class ReportHandlerTest : public testing::Test {
 protected:
  ReportHandlerTest()
      : table_({ReportService::service_full_name()}),
        caller_(table_, authenticator_),
        policy_(ReadConfigText(kSupervised).config,
                ContractFromText(kSupervised), ConfigSource(), nullptr, clock_),
        handler_(caller_, policy_, store_, clock_,
                 {.max_walks = 2, .page_size = 2}) {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.credentials = *MutualTlsServerCredentials(
        certs_.ForRole(airlock::v1::PEER_ROLE_POLICY), "policy.tls");
    options.services = {Serve<ReportService>(handler_)};
    server_ = *RpcServer::Start(options);
    stub_ = ReportService::NewStub(MakeChannel(
        absl::StrCat("127.0.0.1:", server_->port()),
        *MutualTlsChannelCredentials(
            certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY), "test.tls"),
        {.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY)}));
  }

  // An hour before now.
  void Put(const ExecutionHistory& recorded) {
    Transaction transaction;
    ExecutionRecord& record = transaction.executions.emplace_back();
    record.execution = recorded.execution;
    record.spec = recorded.spec;
    if (recorded.approval.has_value()) {
      transaction.approvals = {*recorded.approval};
      transaction.approvals.back().revision = 1;
    }
    store_.Commit(std::move(transaction), [](const absl::Status& status) {
      ASSERT_THAT(status, IsOk());
    });
  }
  void PutSupervised(int count) {
    for (int i = 0; i < count; ++i) {
      Put(Recorded("ada", Shell(absl::StrCat("make ", i)), kSupervised,
                   kNoon - absl::Hours(1)));
    }
  }

  static void Authorize(grpc::ClientContext& context,
                        const std::string& token) {
    SetTimeout(context, absl::Seconds(10));
    context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  }

  absl::StatusOr<GetActivityResponse> Activity(
      const std::string& token = "auditor") {
    grpc::ClientContext context;
    Authorize(context, token);
    GetActivityRequest request;
    *request.mutable_range()->mutable_from_time() =
        ToProto(kNoon - absl::Hours(2));
    request.set_buckets(2);
    GetActivityResponse response;
    const absl::Status status =
        FromGrpcStatus(stub_->GetActivity(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<GetApprovalReportResponse> Report(
      const std::string& token = "auditor") {
    grpc::ClientContext context;
    Authorize(context, token);
    GetApprovalReportResponse response;
    const absl::Status status =
        FromGrpcStatus(stub_->GetApprovalReport(&context, {}, &response));
    if (!status.ok()) return status;
    return response;
  }

  Replay ReplayBy(const std::string& config,
                  const std::string& token = "auditor") {
    grpc::ClientContext context;
    Authorize(context, token);
    ReplayPolicyRequest request;
    request.set_config(config);
    const auto reader = stub_->ReplayPolicy(&context, request);
    Replay replay;
    ReplayPolicyResponse response;
    while (reader->Read(&response)) {
      if (response.has_result()) {
        replay.results.push_back(response.result());
      } else {
        replay.progress.push_back(response.progress());
      }
    }
    replay.status = FromGrpcStatus(reader->Finish());
    return replay;
  }

  TestCerts certs_;
  AccessTable table_;
  RoleAuthenticator authenticator_;
  CallerCheck caller_;
  FakeClock clock_{kNoon};
  PolicySource policy_;
  PassingStore store_;
  ReportHandler handler_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<ReportService::Stub> stub_;
};

TEST_F(ReportHandlerTest, ActivityIsOfItsRangeAndWhatIsOpenNow) {
  PutSupervised(4);
  Put(Asked(Recorded("ada", Shell("make"), kSupervised, kNoon - absl::Hours(1)),
            Approval::STATE_PENDING, absl::ZeroDuration()));
  Put(Recorded("ada", Shell("make"), kSupervised, kNoon - absl::Hours(3)));
  Put(Recorded("ada", Shell("make"), kSupervised, kNoon));

  const auto activity = Activity();

  ASSERT_THAT(activity, IsOk());
  ASSERT_THAT(activity->buckets(), SizeIs(2));
  EXPECT_EQ(activity->buckets(0).total(), 0U);
  EXPECT_EQ(activity->buckets(1).total(), 5U);
  EXPECT_EQ(activity->pending(), 1U);
  EXPECT_TRUE(activity->complete());
}

TEST_F(ReportHandlerTest, ReportIsOfEverythingUnlessItSaysOtherwise) {
  PutSupervised(3);
  Put(Asked(Recorded("ada", Shell("make"), kSupervised, kNoon - absl::Hours(1)),
            Approval::STATE_APPROVED, absl::Seconds(3)));

  const auto report = Report();

  ASSERT_THAT(report, IsOk());
  ASSERT_THAT(report->rows(), SizeIs(1));
  EXPECT_EQ(report->rows(0).requests(), 4U);
  EXPECT_EQ(report->rows(0).approved(), 1U);
  EXPECT_EQ(report->rows(0).full_would_run(), 4U);
}

TEST_F(ReportHandlerTest, ReplayTellsHowFarItIsAndThenWhatDiffers) {
  PutSupervised(5);

  const Replay replay = ReplayBy(kFull);

  ASSERT_THAT(replay.status, IsOk());
  EXPECT_FALSE(replay.progress.empty());
  EXPECT_TRUE(std::is_sorted(replay.progress.begin(), replay.progress.end()));
  ASSERT_THAT(replay.results, SizeIs(1));
  EXPECT_EQ(replay.results[0].requests(), 5U);
  EXPECT_EQ(replay.results[0].changed(), 5U);
  EXPECT_TRUE(replay.results[0].complete());
}

TEST_F(ReportHandlerTest, ConfigurationThatIsWrongIsRefusedByItsKeys) {
  const Replay replay = ReplayBy(R"({"autonomy":{"level":"fully"}})");

  EXPECT_THAT(replay.status, StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("autonomy.level")));
  EXPECT_THAT(ReplayBy("").status,
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReportHandlerTest, RolesMayAskForWhatTheyMaySee) {
  for (const char* token : {"approver", "auditor", "operator"}) {
    EXPECT_THAT(Activity(token), IsOk()) << token;
    EXPECT_THAT(Report(token), IsOk()) << token;
  }
  for (const char* token : {"auditor", "operator"}) {
    EXPECT_THAT(ReplayBy(kFull, token).status, IsOk()) << token;
  }
  EXPECT_EQ(ErrorReason(Activity("agent").status()), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(Report("agent").status()), "ROLE_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(ReplayBy(kFull, "approver").status),
            "ROLE_NOT_ALLOWED");
}

TEST_F(ReportHandlerTest, StoreThatFailsIsTheError) {
  PutSupervised(3);
  store_.FailReads(absl::DataLossError("damaged"));

  EXPECT_THAT(Activity(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Report(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ReplayBy(kFull).status, StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(ReportHandlerTest, TooManyAtOnceAreRefusedAndClientsThatGoMakeRoom) {
  constexpr int kPages = 1000;
  PutSupervised(2 * kPages);
  store_.HoldReads();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<ReplayPolicyResponse>>>
      readers;
  ReplayPolicyRequest request;
  request.set_config(kFull);
  for (int i = 0; i < 2; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    Authorize(*contexts.back(), "auditor");
    readers.push_back(stub_->ReplayPolicy(contexts.back().get(), request));
  }
  store_.AwaitHeld(2);

  EXPECT_EQ(ErrorReason(Activity().status()), "TOO_MANY_REPORTS");
  EXPECT_EQ(ErrorReason(Report().status()), "TOO_MANY_REPORTS");
  for (const auto& context : contexts) context->TryCancel();
  int turns = 0;
  // A configuration that is wrong reads nothing, and so does not wait.
  while (ErrorReason(ReplayBy("{").status) == "TOO_MANY_REPORTS") {
    ASSERT_LT(++turns, kPages / 2) << "it goes on for nobody";
    store_.ReleaseHeld();
  }
  store_.ReleaseReads();
  for (const auto& reader : readers) {
    EXPECT_THAT(FromGrpcStatus(reader->Finish()),
                StatusIs(absl::StatusCode::kCancelled));
  }
  // Waits for the calls.
  server_->Drain(absl::InfiniteFuture());
}

}  // namespace
}  // namespace airlock::policy
