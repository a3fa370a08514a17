#include "tests/contract/store/store_caller.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredSession;
using airlock::v1::Approval;
using airlock::v1::AuditRecord;
using airlock::v1::Execution;
using airlock::v1::SealedAuditRecord;

// Calls `start` with a completion and waits for what comes.
template <typename Result, typename Start>
Result Await(const Start& start) {
  std::optional<Result> result;
  absl::Notification done;
  start([&](Result came) {
    result.emplace(std::move(came));
    done.Notify();
  });
  done.WaitForNotification();
  return *std::move(result);
}

}  // namespace

absl::Status StoreCaller::Commit(const Transaction& transaction) {
  return Await<absl::Status>(
      [&](auto done) { store_.Commit(transaction, std::move(done)); });
}

absl::Status StoreCaller::Put(const ExecutionRecord& record) {
  Transaction transaction;
  transaction.executions = {record};
  return Commit(transaction);
}

absl::Status StoreCaller::Put(const ApprovalRecord& record) {
  Transaction transaction;
  transaction.approvals = {record};
  return Commit(transaction);
}

absl::Status StoreCaller::Put(const StoredSession& session) {
  Transaction transaction;
  transaction.sessions = {session};
  return Commit(transaction);
}

absl::Status StoreCaller::Put(const AuditEntry& entry) {
  Transaction transaction;
  transaction.audit = {entry};
  return Commit(transaction);
}

absl::StatusOr<LiveState> StoreCaller::LoadLive(absl::Time rejected_since) {
  return Await<absl::StatusOr<LiveState>>(
      [&](auto done) { store_.LoadLive(rejected_since, std::move(done)); });
}

absl::StatusOr<std::optional<ExecutionRecord>> StoreCaller::Find(
    const std::string& id) {
  return Await<absl::StatusOr<std::optional<ExecutionRecord>>>(
      [&](auto done) { store_.Find(id, std::move(done)); });
}

absl::StatusOr<std::optional<ExecutionRecord>> StoreCaller::FindRequest(
    const std::string& agent, const std::string& request_id) {
  return Await<absl::StatusOr<std::optional<ExecutionRecord>>>([&](auto done) {
    store_.FindRequest(agent, request_id, std::move(done));
  });
}

absl::StatusOr<ExecutionPage> StoreCaller::List(const ExecutionQuery& query) {
  return Await<absl::StatusOr<ExecutionPage>>(
      [&](auto done) { store_.List(query, std::move(done)); });
}

absl::StatusOr<HistoryPage> StoreCaller::ReadHistory(
    const ExecutionQuery& query, HistoryParts parts) {
  return Await<absl::StatusOr<HistoryPage>>(
      [&](auto done) { store_.ReadHistory(query, parts, std::move(done)); });
}

absl::StatusOr<std::optional<ApprovalRecord>> StoreCaller::FindApproval(
    const std::string& id) {
  return Await<absl::StatusOr<std::optional<ApprovalRecord>>>(
      [&](auto done) { store_.FindApproval(id, std::move(done)); });
}

absl::StatusOr<ApprovalPage> StoreCaller::ListApprovals(
    const ApprovalQuery& query) {
  return Await<absl::StatusOr<ApprovalPage>>(
      [&](auto done) { store_.ListApprovals(query, std::move(done)); });
}

absl::StatusOr<AuditPage> StoreCaller::ListAudit(const AuditQuery& query) {
  return Await<absl::StatusOr<AuditPage>>(
      [&](auto done) { store_.ListAudit(query, std::move(done)); });
}

absl::StatusOr<std::vector<SealedAuditRecord>> StoreCaller::ReadAudit(
    std::uint64_t first, int count) {
  return Await<absl::StatusOr<std::vector<SealedAuditRecord>>>(
      [&](auto done) { store_.ReadAudit(first, count, std::move(done)); });
}

absl::StatusOr<AuditHead> StoreCaller::GetAuditHead() {
  return Await<absl::StatusOr<AuditHead>>(
      [&](auto done) { store_.GetAuditHead(std::move(done)); });
}

absl::Status StoreCaller::Forget(const Retention& retention) {
  return Await<absl::Status>(
      [&](auto done) { store_.Forget(retention, std::move(done)); });
}

ExecutionRecord MakeRecord(const std::string& id, Execution::State state) {
  ExecutionRecord record;
  record.execution.set_id(id);
  record.execution.set_agent("ada");
  record.execution.set_request_id("request-of-" + id);
  record.execution.set_state(state);
  record.execution.mutable_outcome()->set_exit_code(7);
  record.request_hash = std::string("\0\xff hash", 7);
  record.spec = std::string("spec\0\xfe", 6);
  record.boot_nonce = std::string("nonce\0\x01", 7);
  record.fence = 3;
  record.output.emplace().mutable_stdout()->set_head(
      std::string("out\0\xfd", 5));
  return record;
}

ExecutionRecord MakeEnded(const std::string& id, absl::Time end_time) {
  ExecutionRecord record = MakeRecord(id, Execution::STATE_FINISHED);
  *record.execution.mutable_end_time() = ToProto(end_time);
  return record;
}

ApprovalRecord MakeApproval(const std::string& id, Approval::State state,
                            std::uint64_t revision) {
  ApprovalRecord record;
  record.approval.set_id(id);
  record.approval.set_execution_id("e-of-" + id);
  record.approval.set_agent("ada");
  record.approval.set_state(state);
  record.approval.set_summary("print(1)");
  record.action_hash = std::string("\0\xfc action", 9);
  record.revision = revision;
  return record;
}

StoredSession MakeSession(const std::string& id, const std::string& name,
                          airlock::v1::Session::State state) {
  StoredSession stored;
  stored.mutable_session()->set_id(id);
  stored.mutable_session()->set_agent("ada");
  stored.mutable_session()->set_name(name);
  stored.mutable_session()->set_state(state);
  stored.set_used(true);
  return stored;
}

AuditEntry MakeEntry(const std::string& actor, const std::string& payload) {
  AuditEntry entry;
  entry.record.set_actor(actor);
  entry.record.set_agent("ada");
  *entry.record.mutable_time() = ToProto(absl::Now());
  entry.payload = payload;
  return entry;
}

std::vector<std::string> IdsOf(const ExecutionPage& page) {
  std::vector<std::string> ids;
  for (const Execution& execution : page.executions) {
    ids.push_back(execution.id());
  }
  return ids;
}

std::vector<std::string> IdsOf(const ApprovalPage& page) {
  std::vector<std::string> ids;
  for (const Approval& approval : page.approvals) ids.push_back(approval.id());
  return ids;
}

std::vector<std::string> IdsOf(const std::vector<ExecutionRecord>& records) {
  std::vector<std::string> ids;
  for (const ExecutionRecord& record : records) {
    ids.push_back(record.execution.id());
  }
  return ids;
}

std::vector<std::string> IdsOf(const std::vector<ApprovalRecord>& records) {
  std::vector<std::string> ids;
  for (const ApprovalRecord& record : records) {
    ids.push_back(record.approval.id());
  }
  return ids;
}

std::vector<std::string> ActorsOf(
    const std::vector<SealedAuditRecord>& records) {
  std::vector<std::string> actors;
  for (const SealedAuditRecord& sealed : records) {
    AuditRecord record;
    actors.push_back(record.ParseFromString(sealed.record()) ? record.actor()
                                                             : "not readable");
  }
  return actors;
}

}  // namespace airlock::policy
