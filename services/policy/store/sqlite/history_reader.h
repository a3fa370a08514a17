// Searches the executions.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Over a connection of its own. Not thread-safe.
class HistoryReader {
 public:
  explicit HistoryReader(Database database) : database_(std::move(database)) {}

  // As Store::ReadHistory().
  absl::StatusOr<HistoryPage> Read(const ExecutionQuery& query,
                                   HistoryParts parts);

 private:
  // Nothing: there is none, or `status` says why it cannot be read.
  std::optional<ApprovalRecord> FindApproval(const std::string& id,
                                             absl::Status& status);

  Database database_;
};

}  // namespace airlock::policy
