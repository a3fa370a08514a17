// Reads executions, approvals and what is live.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Over a connection of its own. Methods as the store's. Not thread-safe.
class RecordReader {
 public:
  explicit RecordReader(Database database) : database_(std::move(database)) {}

  absl::StatusOr<LiveState> LoadLive(absl::Time rejected_since);
  absl::StatusOr<std::optional<ExecutionRecord>> Find(absl::string_view id);
  absl::StatusOr<std::optional<ExecutionRecord>> FindRequest(
      absl::string_view agent, absl::string_view request_id);
  absl::StatusOr<std::optional<ApprovalRecord>> FindApproval(
      absl::string_view id);
  absl::StatusOr<ApprovalPage> ListApprovals(const ApprovalQuery& query);

 private:
  absl::Status LoadTables(absl::Time rejected_since, LiveState& live);
  absl::Status LoadSessions(LiveState& live);
  absl::Status LoadSettings(LiveState& live);

  Database database_;
};

}  // namespace airlock::policy
