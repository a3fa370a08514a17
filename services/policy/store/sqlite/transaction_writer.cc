#include "services/policy/store/sqlite/transaction_writer.h"

#include <utility>

#include "absl/time/time.h"
#include "common/time/proto_time.h"
#include "services/policy/store/commit_conditions.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredSession;
using airlock::v1::Approval;
using airlock::v1::AuditRecord;
using airlock::v1::Execution;
using airlock::v1::SealedAuditRecord;
using airlock::v1::Session;

constexpr char kFindExecution[] = "SELECT ended FROM executions WHERE id = ?1";
constexpr char kFindRequest[] =
    "SELECT id FROM executions "
    "WHERE agent = ?1 AND request_id = ?2 AND request_id <> ''";
constexpr char kInsertExecution[] =
    "INSERT INTO executions (id, agent, request_id, ended, end_time, "
    "request_hash, boot_nonce, fence, execution) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr char kUpdateExecution[] =
    "UPDATE executions SET ended = ?4, end_time = ?5, request_hash = ?6, "
    "boot_nonce = ?7, fence = ?8, execution = ?9 WHERE id = ?1";
constexpr char kPutSpec[] =
    "INSERT OR REPLACE INTO specs (number, spec) "
    "SELECT number, ?2 FROM executions WHERE id = ?1";
constexpr char kPutOutput[] =
    "INSERT OR REPLACE INTO outputs (number, output) "
    "SELECT number, ?2 FROM executions WHERE id = ?1";
constexpr char kFindApproval[] =
    "SELECT state, revision FROM approvals WHERE id = ?1";
constexpr char kPutApproval[] =
    "INSERT INTO approvals (id, execution_id, agent, state, revision, "
    "action_hash, end_time, approval) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
    "revision = excluded.revision, action_hash = excluded.action_hash, "
    "end_time = excluded.end_time, approval = excluded.approval";
constexpr char kReplaceSession[] =
    "DELETE FROM sessions WHERE agent = ?1 AND name = ?2 AND id <> ?3";
constexpr char kPutSession[] =
    "INSERT INTO sessions (id, agent, name, ended, end_time, session) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET "
    "ended = excluded.ended, end_time = excluded.end_time, "
    "session = excluded.session";
constexpr char kPutSetting[] =
    "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)";
constexpr char kRemoveSetting[] = "DELETE FROM settings WHERE name = ?1";
constexpr char kPutAudit[] =
    "INSERT INTO audit (sequence, time, type, kind, agent, execution_id, "
    "outcome, record, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr char kPutPayload[] =
    "INSERT INTO audit_payloads (sequence, payload) VALUES (?1, ?2)";

std::int64_t Micros(const google::protobuf::Timestamp& time) {
  return absl::ToUnixMicros(FromProto(time));
}

template <typename Items, typename Write>
absl::Status ForEach(Items& items, const Write& write) {
  for (auto& item : items) {
    if (absl::Status status = write(item); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void BindExecution(Statement& put, const ExecutionRecord& record) {
  const Execution& execution = record.execution;
  put.BindText(1, execution.id())
      .BindInt(4, IsFinal(execution.state()) ? 1 : 0)
      .BindInt(5, Micros(execution.end_time()))
      .BindBlob(6, record.request_hash)
      .BindBlob(7, record.boot_nonce)
      .BindInt(8, static_cast<std::int64_t>(record.fence))
      .BindBlob(9, execution.SerializeAsString());
}

}  // namespace

absl::Status TransactionWriter::Write(Transaction& transaction,
                                      ChainHead& head) {
  absl::Status status = ForEach(
      transaction.executions,
      [this](const ExecutionRecord& record) { return WriteExecution(record); });
  if (!status.ok()) return status;
  status = ForEach(transaction.approvals, [this](const ApprovalRecord& record) {
    return WriteApproval(record);
  });
  if (!status.ok()) return status;
  status = ForEach(transaction.sessions, [this](const StoredSession& session) {
    return WriteSession(session);
  });
  if (!status.ok()) return status;
  status = ForEach(transaction.settings, [this](const auto& setting) {
    return WriteSetting(setting.first, setting.second);
  });
  if (!status.ok()) return status;
  return ForEach(transaction.audit, [this, &head](AuditEntry& entry) {
    return WriteAudit(entry, head);
  });
}

absl::Status TransactionWriter::WriteExecution(const ExecutionRecord& record) {
  const Execution& execution = record.execution;
  Statement find = database_.Use(kFindExecution);
  const absl::StatusOr<bool> known = find.BindText(1, execution.id()).Step();
  if (!known.ok()) return known.status();
  if (*known && find.Int(0) != 0) return AlreadyEndedError(execution.id());
  absl::Status status =
      *known ? UpdateExecution(record) : InsertExecution(record);
  if (!status.ok()) return status;
  if (!record.spec.empty()) {
    status = database_.Use(kPutSpec)
                 .BindText(1, execution.id())
                 .BindBlob(2, record.spec)
                 .Run();
  }
  if (!status.ok() || !record.output) return status;
  return database_.Use(kPutOutput)
      .BindText(1, execution.id())
      .BindBlob(2, record.output->SerializeAsString())
      .Run();
}

absl::Status TransactionWriter::CheckRequest(const Execution& execution) {
  Statement find = database_.Use(kFindRequest);
  find.BindText(1, execution.agent()).BindText(2, execution.request_id());
  const absl::StatusOr<bool> used = find.Step();
  if (!used.ok()) return used.status();
  if (!*used) return absl::OkStatus();
  return RequestUsedError(execution.agent(), execution.request_id(),
                          find.Bytes(0));
}

absl::Status TransactionWriter::InsertExecution(const ExecutionRecord& record) {
  const Execution& execution = record.execution;
  if (absl::Status status = CheckRequest(execution); !status.ok()) {
    return status;
  }
  Statement put = database_.Use(kInsertExecution);
  BindExecution(put, record);
  return put.BindText(2, execution.agent())
      .BindText(3, execution.request_id())
      .Run();
}

absl::Status TransactionWriter::UpdateExecution(const ExecutionRecord& record) {
  Statement put = database_.Use(kUpdateExecution);
  BindExecution(put, record);
  return put.Run();
}

absl::Status TransactionWriter::WriteApproval(const ApprovalRecord& record) {
  const Approval& approval = record.approval;
  Statement find = database_.Use(kFindApproval);
  const absl::StatusOr<bool> known = find.BindText(1, approval.id()).Step();
  if (!known.ok()) return known.status();
  const bool ended =
      *known && IsFinal(static_cast<Approval::State>(find.Int(0)));
  const std::uint64_t revision =
      *known ? static_cast<std::uint64_t>(find.Int(1)) : 0;
  absl::Status status =
      CheckApprovalPut(approval.id(), ended, revision, record.revision);
  if (!status.ok()) return status;
  return database_.Use(kPutApproval)
      .BindText(1, approval.id())
      .BindText(2, approval.execution_id())
      .BindText(3, approval.agent())
      .BindInt(4, approval.state())
      .BindInt(5, static_cast<std::int64_t>(record.revision))
      .BindBlob(6, record.action_hash)
      .BindInt(7, Micros(approval.end_time()))
      .BindBlob(8, approval.SerializeAsString())
      .Run();
}

absl::Status TransactionWriter::WriteSession(const StoredSession& stored) {
  const Session& session = stored.session();
  absl::Status status = database_.Use(kReplaceSession)
                            .BindText(1, session.agent())
                            .BindText(2, session.name())
                            .BindText(3, session.id())
                            .Run();
  if (!status.ok()) return status;
  return database_.Use(kPutSession)
      .BindText(1, session.id())
      .BindText(2, session.agent())
      .BindText(3, session.name())
      .BindInt(4, session.state() == Session::STATE_OPEN ? 0 : 1)
      .BindInt(5, Micros(session.end_time()))
      .BindBlob(6, stored.SerializeAsString())
      .Run();
}

absl::Status TransactionWriter::WriteSetting(const std::string& name,
                                             const std::string& value) {
  if (value.empty()) {
    return database_.Use(kRemoveSetting).BindText(1, name).Run();
  }
  return database_.Use(kPutSetting).BindText(1, name).BindBlob(2, value).Run();
}

absl::Status TransactionWriter::WriteAudit(AuditEntry& entry, ChainHead& head) {
  const AuditRecord& record = entry.record;
  const SealedAuditRecord sealed = Seal(head, record, std::move(entry.payload));
  const auto sequence = static_cast<std::int64_t>(head.sequence);
  absl::Status status = database_.Use(kPutAudit)
                            .BindInt(1, sequence)
                            .BindInt(2, Micros(record.time()))
                            .BindInt(3, record.type())
                            .BindInt(4, record.action_kind())
                            .BindText(5, record.agent())
                            .BindText(6, record.execution_id())
                            .BindText(7, record.outcome())
                            .BindBlob(8, sealed.record())
                            .BindBlob(9, sealed.hash())
                            .Run();
  if (!status.ok() || sealed.payload().empty()) return status;
  return database_.Use(kPutPayload)
      .BindInt(1, sequence)
      .BindBlob(2, sealed.payload())
      .Run();
}

}  // namespace airlock::policy
