#include "services/policy/store/sqlite/record_reader.h"

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "services/policy/store/pages.h"
#include "services/policy/store/sqlite/stored_rows.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;

// The columns ReadExecution() reads, of executions with their specs; a NULL
// output is none.
#define AIRLOCK_EXECUTIONS(output)                                   \
  "SELECT execution, request_hash, boot_nonce, fence, spec, " output \
  " FROM executions LEFT JOIN specs USING (number) "
constexpr char kLive[] =
    AIRLOCK_EXECUTIONS("NULL") "WHERE ended = 0 ORDER BY id";
constexpr char kFind[] =
    AIRLOCK_EXECUTIONS("output") "LEFT JOIN outputs USING (number) "
                                 "WHERE id = ?1";
constexpr char kFindRequest[] =
    AIRLOCK_EXECUTIONS("output") "LEFT JOIN outputs USING (number) "
                                 "WHERE agent = ?1 AND request_id = ?2 "
                                 "AND request_id <> ''";
#undef AIRLOCK_EXECUTIONS

// The columns ReadApproval() reads.
#define AIRLOCK_APPROVALS \
  "SELECT approval, action_hash, revision FROM approvals "
// As the index has it.
constexpr char kPending[] = AIRLOCK_APPROVALS "WHERE state = 1 ORDER BY id";
constexpr char kApproved[] = AIRLOCK_APPROVALS
    "WHERE state = 2 AND execution_id IN "
    "(SELECT id FROM executions WHERE ended = 0)";
constexpr char kRejected[] =
    AIRLOCK_APPROVALS "WHERE state = 3 AND end_time >= ?1 ORDER BY id";
constexpr char kFindApproval[] = AIRLOCK_APPROVALS "WHERE id = ?1";
#undef AIRLOCK_APPROVALS

constexpr char kSessions[] = "SELECT session FROM sessions ORDER BY id";
constexpr char kSettings[] = "SELECT name, value FROM settings";

constexpr char kListApprovals[] =
    "SELECT approval FROM approvals WHERE id < ?1 "
    "AND (?3 = 0 OR state = ?3) ORDER BY id DESC";
constexpr char kListApprovalsOfAgent[] =
    "SELECT approval FROM approvals WHERE id < ?1 AND agent = ?2 "
    "AND (?3 = 0 OR state = ?3) ORDER BY id DESC";
constexpr char kListPending[] =
    "SELECT approval FROM approvals WHERE id < ?1 AND state = 1 "
    "ORDER BY id DESC";

// Behind every id.
constexpr absl::string_view kAfterAll = "~";

absl::StatusOr<ExecutionRecord> ReadExecution(const Statement& row) {
  ExecutionRecord record;
  absl::Status status =
      ParseStored(row.Bytes(0), "an execution", record.execution);
  if (!status.ok()) return status;
  record.request_hash = row.Bytes(1);
  record.boot_nonce = row.Bytes(2);
  record.fence = static_cast<std::uint64_t>(row.Int(3));
  record.spec = row.Bytes(4);
  if (row.IsNull(5)) return record;
  status = ParseStored(row.Bytes(5), "an output", record.output.emplace());
  if (!status.ok()) return status;
  return record;
}

// `read` for each row, in order.
template <typename Read>
absl::Status ForEachRow(Statement& statement, const Read& read) {
  while (true) {
    const absl::StatusOr<bool> row = statement.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    if (absl::Status status = read(statement); !status.ok()) return status;
  }
}

template <typename Record, typename Read>
absl::Status ReadAll(Statement& statement, const Read& read,
                     std::vector<Record>& records) {
  return ForEachRow(statement, [&](const Statement& row) {
    absl::StatusOr<Record> record = read(row);
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
    return absl::OkStatus();
  });
}

template <typename Record, typename Read>
absl::StatusOr<std::optional<Record>> ReadOne(Statement& statement,
                                              const Read& read) {
  const absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::nullopt;
  absl::StatusOr<Record> record = read(statement);
  if (!record.ok()) return record.status();
  return std::make_optional(*std::move(record));
}

// Rows are steps of a statement: nothing is read that is not on the page.
template <typename Item>
absl::Status ReadPage(Statement& statement, int size, std::vector<Item>& items,
                      std::string& next_page_token) {
  std::size_t bytes = 0;
  while (true) {
    const absl::StatusOr<bool> row = statement.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const std::string serialized = statement.Bytes(0);
    bytes += serialized.size();
    if (IsFull(items.size(), bytes, size)) {
      next_page_token = items.back().id();
      return absl::OkStatus();
    }
    Item item;
    absl::Status status = ParseStored(serialized, "a record", item);
    if (!status.ok()) return status;
    items.push_back(std::move(item));
  }
}

const char* ListSqlFor(const ApprovalQuery& query) {
  if (!query.agent.empty()) return kListApprovalsOfAgent;
  return query.state == Approval::STATE_PENDING ? kListPending : kListApprovals;
}

}  // namespace

absl::StatusOr<LiveState> RecordReader::LoadLive(absl::Time rejected_since) {
  // All of it as it was at one moment.
  absl::Status status = database_.Use("BEGIN").Run();
  if (!status.ok()) return status;
  LiveState live;
  status = LoadTables(rejected_since, live);
  if (status.ok()) status = LoadSessions(live);
  if (status.ok()) status = LoadSettings(live);
  const absl::Status ended = database_.Use("COMMIT").Run();
  if (!status.ok()) return status;
  if (!ended.ok()) return ended;
  return live;
}

absl::Status RecordReader::LoadTables(absl::Time rejected_since,
                                      LiveState& live) {
  Statement executions = database_.Use(kLive);
  absl::Status status = ReadAll(executions, ReadExecution, live.executions);
  if (!status.ok()) return status;
  Statement pending = database_.Use(kPending);
  status = ReadAll(pending, ReadApproval, live.approvals);
  if (!status.ok()) return status;
  Statement approved = database_.Use(kApproved);
  status = ReadAll(approved, ReadApproval, live.approved);
  if (!status.ok()) return status;
  Statement rejected = database_.Use(kRejected);
  rejected.BindInt(1, absl::ToUnixMicros(rejected_since));
  return ReadAll(rejected, ReadApproval, live.rejected);
}

absl::Status RecordReader::LoadSessions(LiveState& live) {
  Statement sessions = database_.Use(kSessions);
  return ForEachRow(sessions, [&](const Statement& row) {
    return ParseStored(row.Bytes(0), "a session", live.sessions.emplace_back());
  });
}

absl::Status RecordReader::LoadSettings(LiveState& live) {
  Statement settings = database_.Use(kSettings);
  return ForEachRow(settings, [&](const Statement& row) {
    live.settings.emplace(row.Bytes(0), row.Bytes(1));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<ExecutionRecord>> RecordReader::Find(
    absl::string_view id) {
  Statement find = database_.Use(kFind);
  find.BindText(1, id);
  return ReadOne<ExecutionRecord>(find, ReadExecution);
}

absl::StatusOr<std::optional<ExecutionRecord>> RecordReader::FindRequest(
    absl::string_view agent, absl::string_view request_id) {
  Statement find = database_.Use(kFindRequest);
  find.BindText(1, agent).BindText(2, request_id);
  return ReadOne<ExecutionRecord>(find, ReadExecution);
}

absl::StatusOr<std::optional<ApprovalRecord>> RecordReader::FindApproval(
    absl::string_view id) {
  Statement find = database_.Use(kFindApproval);
  find.BindText(1, id);
  return ReadOne<ApprovalRecord>(find, ReadApproval);
}

absl::StatusOr<ApprovalPage> RecordReader::ListApprovals(
    const ApprovalQuery& query) {
  absl::Status status = CheckIdToken(query.page_token);
  if (!status.ok()) return status;
  const char* sql = ListSqlFor(query);
  Statement list = database_.Use(sql);
  list.BindText(1, query.page_token.empty() ? kAfterAll : query.page_token);
  if (!query.agent.empty()) list.BindText(2, query.agent);
  if (sql != kListPending) list.BindInt(3, query.state);
  ApprovalPage page;
  status =
      ReadPage(list, query.page_size, page.approvals, page.next_page_token);
  if (!status.ok()) return status;
  return page;
}

}  // namespace airlock::policy
