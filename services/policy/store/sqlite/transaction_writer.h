// Writes one transaction of the store.
#pragma once

#include "absl/status/status.h"
#include "common/audit_chain/audit_chain.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Inside a transaction of the database, which its caller begins and ends. Not
// thread-safe.
class TransactionWriter {
 public:
  // `database` must outlive it.
  explicit TransactionWriter(Database& database) : database_(database) {}

  // Writes all of `transaction`, and seals its audit from `head` on. After an
  // error a part of it is written, and `head` may have moved: the caller takes
  // both back. Errors as Store::Commit() and DatabaseError().
  absl::Status Write(Transaction& transaction, ChainHead& head);

 private:
  absl::Status WriteExecution(const ExecutionRecord& record);
  absl::Status CheckRequest(const airlock::v1::Execution& execution);
  absl::Status InsertExecution(const ExecutionRecord& record);
  absl::Status UpdateExecution(const ExecutionRecord& record);
  absl::Status WriteApproval(const ApprovalRecord& record);
  absl::Status WriteSession(
      const airlock::internal::v1::StoredSession& session);
  absl::Status WriteSetting(const std::string& name, const std::string& value);
  absl::Status WriteAudit(AuditEntry& entry, ChainHead& head);

  Database& database_;
};

}  // namespace airlock::policy
