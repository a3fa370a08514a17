#include "services/policy/rpc/report_handler.h"

#include <memory>
#include <utility>

#include "common/rpc/status.h"
#include "services/policy/rpc/report_calls.h"
#include "services/policy/rpc/report_requests.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

constexpr absl::string_view kActivity = "airlock.v1.ReportService.GetActivity";
constexpr absl::string_view kReport =
    "airlock.v1.ReportService.GetApprovalReport";
constexpr absl::string_view kReplay = "airlock.v1.ReportService.ReplayPolicy";

grpc::ServerUnaryReactor* Refuse(CallbackServerContext& context,
                                 const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* ReportHandler::GetActivity(
    CallbackServerContext* context,
    const airlock::v1::GetActivityRequest* request,
    airlock::v1::GetActivityResponse* response) {
  const absl::Status refused =
      caller_.Admit(kActivity, *context, *request).status();
  if (!refused.ok()) return Refuse(*context, refused);
  absl::StatusOr<ActivityQuery> query =
      ActivityQueryFromRequest(*request, clock_.Now());
  if (!query.ok()) return Refuse(*context, query.status());
  return ReportCall::Start(walks_, std::make_shared<ActivityCall>(
                                       store_, std::move(query->executions),
                                       query->buckets, response));
}

grpc::ServerUnaryReactor* ReportHandler::GetApprovalReport(
    CallbackServerContext* context,
    const airlock::v1::GetApprovalReportRequest* request,
    airlock::v1::GetApprovalReportResponse* response) {
  const absl::Status refused =
      caller_.Admit(kReport, *context, *request).status();
  if (!refused.ok()) return Refuse(*context, refused);
  absl::StatusOr<ExecutionQuery> query =
      ReportQueryFromRequest(*request, clock_.Now());
  if (!query.ok()) return Refuse(*context, query.status());
  return ReportCall::Start(
      walks_, std::make_shared<ApprovalReportCall>(
                  policy_.Current()->contract, *std::move(query), response));
}

grpc::ServerWriteReactor<airlock::v1::ReplayPolicyResponse>*
ReportHandler::ReplayPolicy(CallbackServerContext* context,
                            const airlock::v1::ReplayPolicyRequest* request) {
  const absl::Status refused =
      caller_.Admit(kReplay, *context, *request).status();
  if (!refused.ok()) return ReplayCall::Refuse(refused);
  absl::StatusOr<ExecutionQuery> query =
      ReplayQueryFromRequest(*request, clock_.Now());
  if (!query.ok()) return ReplayCall::Refuse(query.status());
  return ReplayCall::Start(walks_, *std::move(query), request->config());
}

}  // namespace airlock::policy
