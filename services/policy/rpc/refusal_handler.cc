#include "services/policy/rpc/refusal_handler.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/peer_address.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::RefusedAttempt;
using airlock::internal::v1::ReportRefusalsRequest;

constexpr absl::string_view kReport =
    "airlock.internal.v1.RefusalService.ReportRefusals";

absl::Status CheckReport(const ReportRefusalsRequest& request) {
  FieldViolations violations;
  if (request.attempts_size() > RefusalHandler::kMaxAttempts) {
    violations.Add("attempts", absl::StrCat("must be at most ",
                                            RefusalHandler::kMaxAttempts,
                                            ", others in further calls: got ",
                                            request.attempts_size()));
    return violations.ToStatus();
  }
  for (int i = 0; i < request.attempts_size(); ++i) {
    const RefusedAttempt& attempt = request.attempts(i);
    const std::string field = absl::StrCat("attempts[", i, "].");
    if (attempt.method().empty()) {
      violations.Add(field + "method", "must be the name of a method");
    }
    if (attempt.reason().empty()) {
      violations.Add(field + "reason", "must be the reason that was answered");
    }
    if (attempt.count() == 0) {
      violations.Add(field + "count", "must be at least 1: got 0");
    }
  }
  return violations.ToStatus();
}

Refusal RefusalFromProto(const RefusedAttempt& attempt,
                         const std::string& gateway) {
  Refusal refusal;
  refusal.actor = attempt.principal();
  refusal.method = attempt.method();
  refusal.reason = attempt.reason();
  refusal.peer_address = attempt.peer_address();
  refusal.reported_by = gateway;
  refusal.count = attempt.count();
  if (attempt.has_first_time()) {
    refusal.first_time = FromProto(attempt.first_time());
  }
  return refusal;
}

}  // namespace

grpc::ServerUnaryReactor* RefusalHandler::ReportRefusals(
    grpc::CallbackServerContext* context, const ReportRefusalsRequest* request,
    airlock::internal::v1::ReportRefusalsResponse* /*response*/) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::Status status = caller_.AuthorizePeer(kReport, *context);
  if (status.ok()) status = CheckReport(*request);
  if (status.ok()) {
    const std::string gateway =
        absl::StrCat("gateway ", PeerAddressOf(*context));
    // First, so that the records below tell of them.
    refusals_.AddLeftOut(request->left_out());
    for (const RefusedAttempt& attempt : request->attempts()) {
      refusals_.Add(RefusalFromProto(attempt, gateway));
    }
  }
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace airlock::policy
