#include "services/gateway/clients/refusal_client.h"

#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/time/proto_time.h"

namespace airlock::gateway {

using airlock::internal::v1::RefusalService;

RefusalClient::RefusalClient(const PolicyClient& policy)
    : stub_(RefusalService::NewStub(policy.channel())) {}

absl::Status RefusalClient::Send(const RefusalReport& report,
                                 absl::Time deadline) {
  airlock::internal::v1::ReportRefusalsRequest request;
  for (const RefusedAttempt& attempt : report.attempts) {
    auto& told = *request.add_attempts();
    told.set_method(attempt.method);
    told.set_reason(attempt.reason);
    told.set_principal(attempt.principal);
    told.set_peer_address(attempt.peer_address);
    told.set_count(attempt.count);
    *told.mutable_first_time() = ToProto(attempt.first_time);
  }
  request.set_left_out(report.left_out);
  grpc::ClientContext context;
  SetDeadline(context, deadline);
  airlock::internal::v1::ReportRefusalsResponse response;
  return FromGrpcStatus(stub_->ReportRefusals(&context, request, &response));
}

}  // namespace airlock::gateway
