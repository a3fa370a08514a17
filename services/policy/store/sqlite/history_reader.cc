#include "services/policy/store/sqlite/history_reader.h"

#include "services/policy/store/history_collector.h"
#include "services/policy/store/pages.h"
#include "services/policy/store/sqlite/stored_rows.h"

namespace airlock::policy {
namespace {

// Rows are looked at one by one, so that no statement runs for long: what only
// the execution itself says has no column and needs no index, which every
// commit would have to keep.
constexpr char kAll[] =
    "SELECT execution, NULL FROM executions "
    "WHERE id < ?1 AND id >= ?2 ORDER BY id DESC";
constexpr char kOfAgent[] =
    "SELECT execution, NULL FROM executions "
    "WHERE id < ?1 AND id >= ?2 AND agent = ?3 ORDER BY id DESC";
constexpr char kAllWithSpecs[] =
    "SELECT execution, spec FROM executions LEFT JOIN specs USING (number) "
    "WHERE id < ?1 AND id >= ?2 ORDER BY id DESC";
constexpr char kOfAgentWithSpecs[] =
    "SELECT execution, spec FROM executions LEFT JOIN specs USING (number) "
    "WHERE id < ?1 AND id >= ?2 AND agent = ?3 ORDER BY id DESC";

constexpr char kApproval[] =
    "SELECT approval, action_hash, revision FROM approvals WHERE id = ?1";

const char* SqlFor(const ExecutionQuery& query, HistoryParts parts) {
  const bool specs = parts.specs || !query.text.empty();
  if (query.agent.empty()) return specs ? kAllWithSpecs : kAll;
  return specs ? kOfAgentWithSpecs : kOfAgent;
}

}  // namespace

absl::StatusOr<HistoryPage> HistoryReader::Read(const ExecutionQuery& query,
                                                HistoryParts parts) {
  absl::Status status = CheckIdToken(query.page_token);
  if (!status.ok()) return status;
  const IdRange range = IdRangeOf(query);
  Statement rows = database_.Use(SqlFor(query, parts));
  rows.BindText(1, range.end).BindText(2, range.first);
  if (!query.agent.empty()) rows.BindText(3, query.agent);
  HistoryCollector collector(query, parts);
  while (true) {
    const absl::StatusOr<bool> row = rows.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    airlock::v1::Execution execution;
    status = ParseStored(rows.Bytes(0), "an execution", execution);
    if (!status.ok()) return status;
    std::string bytes;
    const auto spec = [&] {
      bytes = rows.Bytes(1);
      return absl::string_view(bytes);
    };
    const auto approval = [&] {
      return FindApproval(execution.approval_id(), status);
    };
    const bool goes_on = collector.Take({execution, spec, approval});
    if (!status.ok()) return status;
    if (!goes_on) break;
  }
  return std::move(collector).TakePage();
}

std::optional<ApprovalRecord> HistoryReader::FindApproval(
    const std::string& id, absl::Status& status) {
  Statement find = database_.Use(kApproval);
  find.BindText(1, id);
  const absl::StatusOr<bool> row = find.Step();
  if (!row.ok()) status = row.status();
  if (!row.ok() || !*row) return std::nullopt;
  absl::StatusOr<ApprovalRecord> record = ReadApproval(find);
  if (record.ok()) return *std::move(record);
  status = record.status();
  return std::nullopt;
}

}  // namespace airlock::policy
