#include "tests/integration/cli/fake_reports.h"

#include "absl/strings/match.h"
#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock {

using airlock::v1::Decision;
using airlock::v1::ReplayPolicyResponse;
using airlock::v1::ReplayResult;

airlock::v1::ReportRange FakeReports::range() {
  absl::MutexLock lock(&mutex_);
  return range_;
}

std::string FakeReports::config() {
  absl::MutexLock lock(&mutex_);
  return config_;
}

grpc::Status FakeReports::GetApprovalReport(
    grpc::ServerContext* /*context*/,
    const airlock::v1::GetApprovalReportRequest* request,
    airlock::v1::GetApprovalReportResponse* response) {
  absl::MutexLock lock(&mutex_);
  range_ = request->range();
  auto& row = *response->add_rows();
  row.set_agent("ci-bot\u202E");
  row.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  row.set_rule("autonomy.level");
  row.set_requests(63);
  row.set_asked(60);
  row.set_repeated(45);
  response->set_complete(true);
  return grpc::Status::OK;
}

grpc::Status FakeReports::ReplayPolicy(
    grpc::ServerContext* /*context*/,
    const airlock::v1::ReplayPolicyRequest* request,
    grpc::ServerWriter<ReplayPolicyResponse>* writer) {
  {
    absl::MutexLock lock(&mutex_);
    range_ = request->range();
    config_ = request->config();
  }
  if (absl::StrContains(request->config(), "fully")) {
    FieldViolations violations;
    violations.Add("autonomy.level", "must be another word");
    return ToGrpcStatus(violations.ToStatus());
  }
  ReplayPolicyResponse item;
  item.set_progress(500);
  writer->Write(item);
  if (absl::StrContains(request->config(), "breaks")) return grpc::Status::OK;
  ReplayResult& result = *item.mutable_result();
  result.set_requests(700);
  result.set_changed(42);
  result.set_complete(true);
  auto& change = *result.add_changes();
  change.set_requests(42);
  change.mutable_before()->set_effect(Decision::EFFECT_ALLOW);
  change.mutable_before()->set_rule("autonomy.level");
  change.mutable_after()->set_effect(Decision::EFFECT_DENY);
  change.mutable_after()->set_rule("autonomy.blockedActions");
  change.add_examples()->set_id("ex1");
  writer->Write(item);
  return grpc::Status::OK;
}

}  // namespace airlock
