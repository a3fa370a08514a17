// The records of the audit as a gRPC server stream.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/ed25519.h"
#include "common/time/clock.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Reads records in batches and writes them one by one, each when the client has
// taken the one before; then the signed checkpoint of the last one. What is
// appended meanwhile is left out. gRPC and reads that are under way own it
// together.
class AuditExport final
    : public grpc::ServerWriteReactor<airlock::v1::ExportAuditRecordsResponse>,
      public std::enable_shared_from_this<AuditExport> {
 public:
  // Starts; the reactor belongs to gRPC. `store`, `key` and `clock` must
  // outlive the stream. DATA_LOSS ends it where the store's chain has a gap.
  static AuditExport* Start(
      Store& store, const SigningKey& key, const Clock& clock,
      const airlock::v1::ExportAuditRecordsRequest& request);

 private:
  using Records = std::vector<airlock::v1::SealedAuditRecord>;

  AuditExport(Store& store, const SigningKey& key, const Clock& clock,
              const airlock::v1::ExportAuditRecordsRequest& request);

  void OnHead(absl::StatusOr<AuditHead> head) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnRecords(absl::StatusOr<Records> records) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes a batch over. False: it does not go on where it must.
  bool TakeBatch(Records records) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Writes what comes next, or reads it first.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);
  // How many records to read before anything can be written; 0: none.
  int WriteOrCount() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteCheckpoint() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  Store& store_;
  const SigningKey& key_;
  const Clock& clock_;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<AuditExport> self_;
  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // The next record to read, and the last one wanted.
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t end_ ABSL_GUARDED_BY(mutex_);
  // Read, and written up to `position_`.
  Records batch_ ABSL_GUARDED_BY(mutex_);
  std::size_t position_ ABSL_GUARDED_BY(mutex_) = 0;
  // The last record that was read.
  ChainHead last_ ABSL_GUARDED_BY(mutex_);
  airlock::v1::ExportAuditRecordsResponse response_;
};

}  // namespace airlock::policy
