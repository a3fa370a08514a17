// The newest part of the audit's chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Seals records and keeps the newest `max_kept`. Not thread-safe.
class MemoryAudit {
 public:
  MemoryAudit(std::string writer, std::size_t max_kept)
      : head_{.writer = std::move(writer)}, max_kept_(max_kept) {}

  void Append(AuditEntry entry);

  // As the store's methods.
  absl::StatusOr<AuditPage> List(const AuditQuery& query) const;
  std::vector<airlock::v1::SealedAuditRecord> Read(std::uint64_t first,
                                                   int count) const;
  void ForgetPayloads(absl::Time before);

  const ChainHead& head() const { return head_; }

 private:
  ChainHead head_;
  const std::size_t max_kept_;
  // The last one is `head_`.
  std::deque<airlock::v1::SealedAuditRecord> kept_;
};

}  // namespace airlock::policy
