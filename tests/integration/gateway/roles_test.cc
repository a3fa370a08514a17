// Who may call what, at the front door. The table is written out here, apart
// from the options in the protos it is about: whoever changes one of the two
// says so in the other.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "services/gateway/gateway_app.h"
#include "tests/integration/gateway/open_policy.h"
#include "tests/support/raw_call.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::gateway {
namespace {

struct Row {
  std::string method;
  bool agent;
  bool approver;
  bool operator_;
  bool auditor;
};

constexpr bool kMay = true;
constexpr bool kNo = false;

const std::vector<Row>& Table() {
  // clang-format off
  static const auto* const kTable = new std::vector<Row>{
      //                                        agent approver operator auditor
      {"ApprovalService/ListApprovals",         kMay,  kMay,   kMay,   kMay},
      {"ApprovalService/GetApproval",           kMay,  kMay,   kMay,   kMay},
      {"ApprovalService/WatchApprovals",        kMay,  kMay,   kMay,   kMay},
      {"ApprovalService/ReadTarget",            kNo,   kMay,   kMay,   kNo},
      {"ApprovalService/DecideApproval",        kNo,   kMay,   kNo,    kNo},
      {"ApprovalService/CancelApproval",        kMay,  kNo,    kMay,   kNo},
      {"AuditService/ListAuditRecords",         kNo,   kNo,    kMay,   kMay},
      {"AuditService/ExportAuditRecords",       kNo,   kNo,    kMay,   kMay},
      {"ExecutionService/Execute",              kMay,  kNo,    kNo,    kNo},
      {"ExecutionService/GetExecution",         kMay,  kMay,   kMay,   kMay},
      {"ExecutionService/ListExecutions",       kMay,  kMay,   kMay,   kMay},
      {"ExecutionService/WatchExecution",       kMay,  kMay,   kMay,   kMay},
      {"ExecutionService/WriteStdin",           kMay,  kNo,    kNo,    kNo},
      {"ExecutionService/ListWaitingExecutions", kMay, kNo,    kMay,   kMay},
      {"ExecutionService/CancelExecution",      kMay,  kNo,    kMay,   kNo},
      {"ExecutorService/ListExecutors",         kNo,   kNo,    kMay,   kNo},
      {"ExecutorService/CordonExecutor",        kNo,   kNo,    kMay,   kNo},
      {"ExecutorService/UncordonExecutor",      kNo,   kNo,    kMay,   kNo},
      {"ExecutorService/DrainExecutor",         kNo,   kNo,    kMay,   kNo},
      {"PolicyService/ExplainAction",           kMay,  kNo,    kMay,   kNo},
      {"PolicyService/Freeze",                  kNo,   kNo,    kMay,   kNo},
      {"PolicyService/Thaw",                    kNo,   kNo,    kMay,   kNo},
      {"PolicyService/GetPolicyStatus",         kNo,   kMay,   kMay,   kMay},
      {"ReportService/GetActivity",             kNo,   kMay,   kMay,   kMay},
      {"ReportService/GetApprovalReport",       kNo,   kMay,   kMay,   kMay},
      {"ReportService/ReplayPolicy",            kNo,   kNo,    kMay,   kMay},
      {"SessionService/CreateSession",          kMay,  kNo,    kNo,    kNo},
      {"SessionService/GetSession",             kMay,  kNo,    kMay,   kNo},
      {"SessionService/ListSessions",           kMay,  kNo,    kMay,   kNo},
      {"SessionService/CloseSession",           kMay,  kNo,    kMay,   kNo},
      {"StandingApprovalService/SuggestStandingApprovals",
                                                kNo,   kMay,   kNo,    kNo},
      {"StandingApprovalService/CreateStandingApproval",
                                                kNo,   kMay,   kNo,    kNo},
      {"StandingApprovalService/ListStandingApprovals",
                                                kMay,  kMay,   kMay,   kMay},
      {"StandingApprovalService/RevokeStandingApproval",
                                                kNo,   kMay,   kMay,   kNo},
  };
  // clang-format on
  return *kTable;
}

class RolesTest : public testing::Test {
 protected:
  RolesTest() : policy_(certs_) {
    GatewaySettings settings;
    settings.listen = {"127.0.0.1", 0};
    settings.metrics_listen = {"127.0.0.1", 0};
    settings.probe_listen = {"127.0.0.1", 0};
    settings.internal_tls = certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY);
    settings.policy_target = absl::StrCat("127.0.0.1:", policy_.port());
    settings.max_calls_per_principal = 100;
    settings.tokens_path = certs_.WriteFile(
        "tokens.json", TokenFileText({{"demo", "agent", "agent"},
                                      {"ann", "approver", "approver"},
                                      {"ops", "operator", "operator"},
                                      {"eve", "auditor", "auditor"}}));
    auto app = GatewayApp::Start(settings);
    EXPECT_THAT(app, IsOk());
    app_ = *std::move(app);
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", app_->port()),
                                   grpc::InsecureChannelCredentials());
  }

  // Calls with an empty request; "" sends no credential.
  absl::Status Call(const std::string& method, const std::string& token) {
    std::map<std::string, std::string> metadata;
    if (!token.empty()) metadata["authorization"] = "Bearer " + token;
    return RawCall(channel_, "/airlock.v1." + method, "", metadata).status();
  }

  void ExpectAnswer(const Row& row, const std::string& role, bool may) {
    const int before = policy_.calls();
    const absl::Status status = Call(row.method, role);
    if (may) {
      EXPECT_THAT(status, IsOk()) << row.method << " as " << role;
      EXPECT_EQ(policy_.calls(), before + 1);
      return;
    }
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kPermissionDenied))
        << row.method << " as " << role;
    EXPECT_EQ(ErrorReason(status), "ROLE_NOT_ALLOWED");
    EXPECT_EQ(policy_.calls(), before) << row.method << " as " << role;
  }

  void ExpectUnauthenticated(const Row& row, const std::string& token,
                             const std::string& reason) {
    const int before = policy_.calls();
    const absl::Status status = Call(row.method, token);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated))
        << row.method;
    EXPECT_EQ(ErrorReason(status), reason) << row.method;
    EXPECT_EQ(policy_.calls(), before) << row.method;
  }

  TestCerts certs_;
  OpenPolicy policy_;
  std::unique_ptr<GatewayApp> app_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RolesTest, EveryRoleMayCallWhatTheTableSaysAndNothingElse) {
  for (const Row& row : Table()) {
    ExpectAnswer(row, "agent", row.agent);
    ExpectAnswer(row, "approver", row.approver);
    ExpectAnswer(row, "operator", row.operator_);
    ExpectAnswer(row, "auditor", row.auditor);
  }
}

TEST_F(RolesTest, WithoutAKnownTokenNothingIsCalled) {
  for (const Row& row : Table()) {
    ExpectUnauthenticated(row, "", "TOKEN_MISSING");
    ExpectUnauthenticated(row, "bad", "TOKEN_INVALID");
  }
}

TEST_F(RolesTest, TableHasEveryPublicMethod) {
  const google::protobuf::DescriptorPool& pool =
      *google::protobuf::DescriptorPool::generated_pool();
  std::set<std::string> exist;
  for (const char* file :
       {"approval", "audit", "execution", "executor", "policy", "report",
        "session", "standing_approval"}) {
    const google::protobuf::FileDescriptor* schema =
        pool.FindFileByName(absl::StrCat("airlock/v1/", file, ".proto"));
    ASSERT_NE(schema, nullptr) << file;
    for (int i = 0; i < schema->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *schema->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        exist.insert(
            absl::StrCat(service.name(), "/", service.method(j)->name()));
      }
    }
  }
  std::set<std::string> written;
  for (const Row& row : Table()) written.insert(row.method);

  EXPECT_EQ(written, exist);
}

TEST_F(RolesTest, InternalServicesAreNotServed) {
  for (const char* method :
       {"ExecutorLinkService/Connect", "RefusalService/ReportRefusals"}) {
    EXPECT_THAT(RawCall(channel_, absl::StrCat("/airlock.internal.v1.", method),
                        "", {{"authorization", "Bearer operator"}})
                    .status(),
                StatusIs(absl::StatusCode::kUnimplemented))
        << method;
  }
}

TEST_F(RolesTest, RefusedCallIsReported) {
  Call("ExecutionService/Execute", "approver").IgnoreError();

  app_->Drain(absl::Now() + absl::Seconds(5));

  EXPECT_EQ(policy_.reports(), 1);
}

TEST_F(RolesTest, CallThatIsAllowedIsNotReported) {
  ASSERT_THAT(Call("ExecutionService/Execute", "agent"), IsOk());

  app_->Drain(absl::Now() + absl::Seconds(5));

  EXPECT_EQ(policy_.reports(), 0);
}

}  // namespace
}  // namespace airlock::gateway
