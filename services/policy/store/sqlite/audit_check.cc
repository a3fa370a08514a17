#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"
#include "services/policy/store/sqlite/store_check.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditRecord;

constexpr char kHead[] = "SELECT writer, audit_sequence, audit_hash FROM meta";
constexpr char kAudit[] =
    "SELECT a.sequence, a.record, a.hash, p.payload, a.time, a.type, a.kind, "
    "a.agent, a.execution_id, a.outcome FROM audit AS a "
    "LEFT JOIN audit_payloads AS p USING (sequence) ORDER BY a.sequence";

bool ColumnsAgree(const Statement& row, const AuditRecord& record) {
  return row.Int(4) == absl::ToUnixMicros(FromProto(record.time())) &&
         row.Int(5) == record.type() && row.Int(6) == record.action_kind() &&
         row.Bytes(7) == record.agent() &&
         row.Bytes(8) == record.execution_id() &&
         row.Bytes(9) == record.outcome();
}

// What is wrong with the record of a row that should follow `before`; empty if
// nothing is.
std::string ProblemOf(const Statement& row, const ChainHead& before) {
  if (row.Bytes(2) != HashAuditRecord(row.Bytes(1))) {
    return "its hash is not that of its bytes";
  }
  AuditRecord record;
  if (!record.ParseFromString(row.Bytes(1))) return "it cannot be read";
  if (record.sequence() != static_cast<std::uint64_t>(row.Int(0))) {
    return "it stands under another number";
  }
  if (record.sequence() != before.sequence + 1) {
    return absl::StrCat("records from ", before.sequence + 1,
                        " on are missing before it");
  }
  if (record.writer() != before.writer) return "it is of another writer";
  if (record.previous_hash() != before.hash) {
    return "it does not follow the record before it";
  }
  const bool kept = !row.IsNull(3);
  if (kept && record.payload_sha256() != ToBytes(Sha256(row.Bytes(3)))) {
    return "its payload is not the one that was sealed";
  }
  if (!ColumnsAgree(row, record)) return "its row says otherwise";
  return "";
}

}  // namespace

absl::Status CheckAudit(Database& database, Findings& findings) {
  Statement meta = database.Use(kHead);
  const absl::StatusOr<bool> has_meta = meta.Step();
  if (!has_meta.ok()) return has_meta.status();
  ChainHead head{.writer = meta.Bytes(0)};
  Statement rows = database.Use(kAudit);
  while (true) {
    const absl::StatusOr<bool> row = rows.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    const std::string problem = ProblemOf(rows, head);
    if (!problem.empty()) {
      findings.Add(absl::StrCat("audit record ", rows.Int(0), ": ", problem));
    }
    // One that is wrong is told once: the next one is compared with what is
    // there.
    head.sequence = static_cast<std::uint64_t>(rows.Int(0));
    head.hash = rows.Bytes(2);
  }
  const bool whole = head.sequence == static_cast<std::uint64_t>(meta.Int(1)) &&
                     head.hash == meta.Bytes(2);
  if (!whole) {
    findings.Add(absl::StrCat("the audit ends with record ", head.sequence,
                              ", and the store says that it ends with ",
                              meta.Int(1)));
  }
  return absl::OkStatus();
}

}  // namespace airlock::policy
