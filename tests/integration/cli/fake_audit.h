// An audit in miniature.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/ed25519.h"

namespace airlock {

// Seals records into a chain of writer "w1" and signs checkpoints. Lists only
// by text, in pages of two. Thread-safe.
class FakeAudit final : public airlock::v1::AuditService::Service {
 public:
  void Append(const airlock::v1::AuditRecord& record,
              const std::string& payload) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on exports break before their end.
  void BreakExports() ABSL_LOCKS_EXCLUDED(mutex_);
  // The key of the checkpoints, in PEM.
  std::string PublicKey() const { return key_.verify_key().ToPem(); }
  // The filter and the header of the last call.
  airlock::v1::AuditFilter filter() ABSL_LOCKS_EXCLUDED(mutex_);
  std::string authorization() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status ListAuditRecords(
      grpc::ServerContext* context,
      const airlock::v1::ListAuditRecordsRequest* request,
      airlock::v1::ListAuditRecordsResponse* response) override;
  grpc::Status ExportAuditRecords(
      grpc::ServerContext* context,
      const airlock::v1::ExportAuditRecordsRequest* request,
      grpc::ServerWriter<airlock::v1::ExportAuditRecordsResponse>* writer)
      override;

 private:
  const SigningKey key_ = SigningKey::Generate();
  absl::Mutex mutex_;
  ChainHead head_ ABSL_GUARDED_BY(mutex_) = {.writer = "w1"};
  std::vector<airlock::v1::SealedAuditRecord> records_ ABSL_GUARDED_BY(mutex_);
  bool breaks_ ABSL_GUARDED_BY(mutex_) = false;
  airlock::v1::AuditFilter filter_ ABSL_GUARDED_BY(mutex_);
  std::string authorization_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
