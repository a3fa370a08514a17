// airlock.v1.StandingApprovalService, as gateways call it.
#pragma once

#include "airlock/v1/standing_approval.grpc.pb.h"
#include "services/policy/dispatch/standing_calls.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Checks who calls and what, and hands over. Thread-safe. All arguments must
// outlive it.
class StandingHandler final
    : public airlock::v1::StandingApprovalService::CallbackService {
 public:
  StandingHandler(const CallerCheck& caller, StandingCalls& standing)
      : caller_(caller), standing_(standing) {}

  grpc::ServerUnaryReactor* SuggestStandingApprovals(
      grpc::CallbackServerContext* context,
      const airlock::v1::SuggestStandingApprovalsRequest* request,
      airlock::v1::SuggestStandingApprovalsResponse* response) override;
  grpc::ServerUnaryReactor* CreateStandingApproval(
      grpc::CallbackServerContext* context,
      const airlock::v1::CreateStandingApprovalRequest* request,
      airlock::v1::CreateStandingApprovalResponse* response) override;
  grpc::ServerUnaryReactor* ListStandingApprovals(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListStandingApprovalsRequest* request,
      airlock::v1::ListStandingApprovalsResponse* response) override;
  grpc::ServerUnaryReactor* RevokeStandingApproval(
      grpc::CallbackServerContext* context,
      const airlock::v1::RevokeStandingApprovalRequest* request,
      airlock::v1::RevokeStandingApprovalResponse* response) override;

 private:
  // Admits the call, and hands it to the method of StandingCalls.
  template <typename Request, typename Response, typename Method>
  grpc::ServerUnaryReactor* Pass(absl::string_view name,
                                 grpc::CallbackServerContext* context,
                                 const Request* request, Response* response,
                                 Method method);

  const CallerCheck& caller_;
  StandingCalls& standing_;
};

}  // namespace airlock::policy
