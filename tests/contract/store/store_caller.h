// Calls a store and waits for its completions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

class StoreCaller {
 public:
  // `store` must outlive it.
  explicit StoreCaller(Store& store) : store_(store) {}

  absl::Status Commit(const Transaction& transaction);
  // Transactions of one.
  absl::Status Put(const ExecutionRecord& record);
  absl::Status Put(const ApprovalRecord& record);
  absl::Status Put(const airlock::internal::v1::StoredSession& session);
  absl::Status Put(const AuditEntry& entry);

  absl::StatusOr<LiveState> LoadLive(
      absl::Time rejected_since = absl::InfinitePast());
  absl::StatusOr<std::optional<ExecutionRecord>> Find(const std::string& id);
  absl::StatusOr<std::optional<ExecutionRecord>> FindRequest(
      const std::string& agent, const std::string& request_id);
  absl::StatusOr<ExecutionPage> List(const ExecutionQuery& query);
  absl::StatusOr<HistoryPage> ReadHistory(const ExecutionQuery& query,
                                          HistoryParts parts);
  absl::StatusOr<std::optional<ApprovalRecord>> FindApproval(
      const std::string& id);
  absl::StatusOr<ApprovalPage> ListApprovals(const ApprovalQuery& query);
  absl::StatusOr<AuditPage> ListAudit(const AuditQuery& query);
  absl::StatusOr<std::vector<airlock::v1::SealedAuditRecord>> ReadAudit(
      std::uint64_t first, int count);
  absl::StatusOr<AuditHead> GetAuditHead();
  absl::Status Forget(const Retention& retention);

 private:
  Store& store_;
};

// A record of ada's with everything set; bytes that are no text included.
ExecutionRecord MakeRecord(const std::string& id,
                           airlock::v1::Execution::State state);

// The same, and it ended then.
ExecutionRecord MakeEnded(const std::string& id, absl::Time end_time);

// An approval of the execution "e-of-<id>" of ada's.
ApprovalRecord MakeApproval(const std::string& id,
                            airlock::v1::Approval::State state,
                            std::uint64_t revision);

airlock::internal::v1::StoredSession MakeSession(
    const std::string& id, const std::string& name,
    airlock::v1::Session::State state);

// About ada, now.
AuditEntry MakeEntry(const std::string& actor, const std::string& payload = "");

// The ids of a page or a list of records, in its order.
std::vector<std::string> IdsOf(const ExecutionPage& page);
std::vector<std::string> IdsOf(const ApprovalPage& page);
std::vector<std::string> IdsOf(const std::vector<ExecutionRecord>& records);
std::vector<std::string> IdsOf(const std::vector<ApprovalRecord>& records);

// The actors of records of the audit, in their order.
std::vector<std::string> ActorsOf(
    const std::vector<airlock::v1::SealedAuditRecord>& records);

}  // namespace airlock::policy
