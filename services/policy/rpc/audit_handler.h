// airlock.v1.AuditService, as gateways call it.
#pragma once

#include "airlock/v1/audit.grpc.pb.h"
#include "common/security/ed25519.h"
#include "common/time/clock.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Thread-safe. All arguments must outlive it; `key` signs the checkpoint at the
// end of an export.
class AuditHandler final : public airlock::v1::AuditService::CallbackService {
 public:
  AuditHandler(const CallerCheck& caller, Store& store, const SigningKey& key,
               const Clock& clock)
      : caller_(caller), store_(store), key_(key), clock_(clock) {}

  grpc::ServerUnaryReactor* ListAuditRecords(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListAuditRecordsRequest* request,
      airlock::v1::ListAuditRecordsResponse* response) override;
  grpc::ServerWriteReactor<airlock::v1::ExportAuditRecordsResponse>*
  ExportAuditRecords(
      grpc::CallbackServerContext* context,
      const airlock::v1::ExportAuditRecordsRequest* request) override;

 private:
  const CallerCheck& caller_;
  Store& store_;
  const SigningKey& key_;
  const Clock& clock_;
};

}  // namespace airlock::policy
