// airlock.internal.v1.RefusalService, as gateways call it.
#pragma once

#include "airlock/internal/v1/refusal.grpc.pb.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/rpc/refusal_record.h"

namespace airlock::policy {

// Takes up what gateways refused. A gateway is believed as far as the record
// says that it was a gateway that told. Thread-safe. All arguments must outlive
// it.
class RefusalHandler final
    : public airlock::internal::v1::RefusalService::CallbackService {
 public:
  // More attempts in one report are refused.
  static constexpr int kMaxAttempts = 256;

  RefusalHandler(const CallerCheck& caller, RefusalRecord& refusals)
      : caller_(caller), refusals_(refusals) {}

  grpc::ServerUnaryReactor* ReportRefusals(
      grpc::CallbackServerContext* context,
      const airlock::internal::v1::ReportRefusalsRequest* request,
      airlock::internal::v1::ReportRefusalsResponse* response) override;

 private:
  const CallerCheck& caller_;
  RefusalRecord& refusals_;
};

}  // namespace airlock::policy
