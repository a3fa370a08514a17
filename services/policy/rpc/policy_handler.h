// airlock.v1.PolicyService, as gateways call it.
#pragma once

#include "airlock/v1/policy.grpc.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Thread-safe. All arguments must outlive it.
class PolicyHandler final : public airlock::v1::PolicyService::CallbackService {
 public:
  PolicyHandler(const CallerCheck& caller, const PolicySource& policy,
                Dispatcher& dispatcher)
      : caller_(caller), policy_(policy), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* ExplainAction(
      grpc::CallbackServerContext* context,
      const airlock::v1::ExplainActionRequest* request,
      airlock::v1::ExplainActionResponse* response) override;
  grpc::ServerUnaryReactor* Freeze(
      grpc::CallbackServerContext* context,
      const airlock::v1::FreezeRequest* request,
      airlock::v1::FreezeResponse* response) override;
  grpc::ServerUnaryReactor* Thaw(grpc::CallbackServerContext* context,
                                 const airlock::v1::ThawRequest* request,
                                 airlock::v1::ThawResponse* response) override;
  grpc::ServerUnaryReactor* GetPolicyStatus(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetPolicyStatusRequest* request,
      airlock::v1::GetPolicyStatusResponse* response) override;

 private:
  absl::StatusOr<airlock::v1::ExplainActionResponse> Explain(
      const grpc::ServerContextBase& context,
      const airlock::v1::ExplainActionRequest& request) const;

  const CallerCheck& caller_;
  const PolicySource& policy_;
  Dispatcher& dispatcher_;
};

}  // namespace airlock::policy
