// Reads the audit.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "airlock/v1/audit.pb.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Over a connection of its own. Methods as the store's. Not thread-safe.
class AuditReader {
 public:
  explicit AuditReader(Database database) : database_(std::move(database)) {}

  absl::StatusOr<AuditPage> List(const AuditQuery& query);
  absl::StatusOr<std::vector<airlock::v1::SealedAuditRecord>> Read(
      std::uint64_t first, int count);
  absl::StatusOr<AuditHead> Head();

 private:
  Database database_;
};

}  // namespace airlock::policy
