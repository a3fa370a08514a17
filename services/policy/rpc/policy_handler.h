// airlock.v1.PolicyService, as gateways call it.
#pragma once

#include "airlock/v1/policy.grpc.pb.h"
#include "common/config/contract.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Thread-safe. All arguments must outlive it.
class PolicyHandler final : public airlock::v1::PolicyService::CallbackService {
 public:
  PolicyHandler(const CallerCheck& caller, const Contract& contract)
      : caller_(caller), contract_(contract) {}

  grpc::ServerUnaryReactor* ExplainAction(
      grpc::CallbackServerContext* context,
      const airlock::v1::ExplainActionRequest* request,
      airlock::v1::ExplainActionResponse* response) override;

 private:
  absl::StatusOr<airlock::v1::ExplainActionResponse> Explain(
      const grpc::ServerContextBase& context,
      const airlock::v1::ExplainActionRequest& request) const;

  const CallerCheck& caller_;
  const Contract& contract_;
};

}  // namespace airlock::policy
