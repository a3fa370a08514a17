// Reports to the policy service over its channel.
#pragma once

#include <memory>

#include "airlock/internal/v1/refusal.grpc.pb.h"
#include "services/gateway/clients/policy_client.h"
#include "services/gateway/refusals/refusal_sender.h"

namespace airlock::gateway {

// Calls airlock.internal.v1.RefusalService, as the gateway that its
// certificate says it is.
class RefusalClient final : public RefusalSender {
 public:
  explicit RefusalClient(const PolicyClient& policy);

  absl::Status Send(const RefusalReport& report, absl::Time deadline) override;

 private:
  const std::unique_ptr<airlock::internal::v1::RefusalService::Stub> stub_;
};

}  // namespace airlock::gateway
