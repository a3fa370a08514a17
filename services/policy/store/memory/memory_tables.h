// Executions, approvals, sessions and settings, and what is found by what.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Keeps the newest `max_kept` executions and their approvals; what has not
// ended is never forgotten. Not thread-safe.
class MemoryTables {
 public:
  explicit MemoryTables(std::size_t max_kept) : max_kept_(max_kept) {}

  // Whether all of `transaction` may be applied; as Store::Commit().
  absl::Status Check(const Transaction& transaction) const;
  // Applies it, but for its audit. Check() was OK.
  void Apply(Transaction& transaction);

  // As the store's methods.
  LiveState Load(absl::Time rejected_since) const;
  // Whether there is such an execution that has not ended.
  bool IsLive(const std::string& execution_id) const;
  std::optional<ExecutionRecord> Find(absl::string_view id) const;
  std::optional<ExecutionRecord> FindRequest(
      absl::string_view agent, absl::string_view request_id) const;
  absl::StatusOr<HistoryPage> ReadHistory(const ExecutionQuery& query,
                                          HistoryParts parts) const;
  std::optional<ApprovalRecord> FindApproval(absl::string_view id) const;
  absl::StatusOr<ApprovalPage> ListApprovals(const ApprovalQuery& query) const;

  // Forgets executions and sessions that ended before.
  void ForgetEndedBefore(absl::Time time);

 private:
  // Of an agent, and a request id or the name of a session.
  using OwnKey = std::pair<std::string, std::string>;
  using Executions = std::map<std::string, ExecutionRecord, std::less<>>;

  absl::Status CheckExecutions(const Transaction& transaction) const;
  absl::Status CheckApprovals(const Transaction& transaction) const;
  void PutExecution(ExecutionRecord record);
  void PutApproval(ApprovalRecord record);
  void PutSession(airlock::internal::v1::StoredSession session);
  bool HasPendingApproval(const std::string& execution_id) const;
  // Of what has ended.
  void ForgetExecution(const std::string& id);
  void ForgetOldest();

  const std::size_t max_kept_;
  // In the order of creation: ids sort by the time they were made.
  Executions executions_;
  absl::flat_hash_map<OwnKey, std::string> ids_by_request_;
  // Those that have ended.
  std::set<std::string> ended_;
  std::map<std::string, ApprovalRecord, std::less<>> approvals_;
  // Execution id, approval id.
  std::set<std::pair<std::string, std::string>> approvals_of_;
  std::map<OwnKey, airlock::internal::v1::StoredSession> sessions_;
  std::map<std::string, std::string> settings_;
};

}  // namespace airlock::policy
