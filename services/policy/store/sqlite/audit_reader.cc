#include "services/policy/store/sqlite/audit_reader.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/store/audit_filter.h"
#include "services/policy/store/pages.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditFilter;
using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;

// The columns ReadSealed() reads.
constexpr char kSelect[] =
    "SELECT a.sequence, a.record, a.hash, p.payload FROM audit AS a "
    "LEFT JOIN audit_payloads AS p USING (sequence) WHERE ";
constexpr char kRead[] =
    "SELECT a.sequence, a.record, a.hash, p.payload FROM audit AS a "
    "LEFT JOIN audit_payloads AS p USING (sequence) "
    "WHERE a.sequence >= ?1 ORDER BY a.sequence LIMIT ?2";
constexpr char kHead[] = "SELECT writer, audit_sequence, audit_hash FROM meta";
// Records stand in the order in which they were written, and the clock may have
// been set back in between: these are the outermost ones.
constexpr char kFirstFrom[] =
    "SELECT min(sequence) FROM audit WHERE time >= ?1";
constexpr char kLastBefore[] =
    "SELECT max(sequence) FROM audit WHERE time < ?1";

// Which numbers: the rest of the filter is asked of these only.
struct Range {
  std::int64_t first = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
};

// The number a statement gives; `none` if it gives NULL.
absl::StatusOr<std::int64_t> ReadNumber(Statement statement,
                                        std::int64_t none) {
  const absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return statement.IsNull(0) ? none : statement.Int(0);
}

absl::StatusOr<Range> RangeOf(Database& database, const AuditFilter& filter) {
  Range range;
  if (filter.has_from_time()) {
    Statement find = database.Use(kFirstFrom);
    find.BindInt(1, absl::ToUnixMicros(FromProto(filter.from_time())));
    const auto first = ReadNumber(std::move(find), range.end);
    if (!first.ok()) return first.status();
    range.first = *first;
  }
  if (filter.has_to_time()) {
    Statement find = database.Use(kLastBefore);
    // A time between two microseconds is not before the first of them.
    find.BindInt(1, absl::ToUnixMicros(FromProto(filter.to_time())) + 1);
    const auto last = ReadNumber(std::move(find), -1);
    if (!last.ok()) return last.status();
    range.end = *last + 1;
  }
  return range;
}

// What an index or a column can say; the rest is seen by Passes().
std::string ListSqlFor(const AuditFilter& filter) {
  std::string sql =
      absl::StrCat(kSelect, "a.sequence >= ?1 AND ", "a.sequence < ?2");
  if (!filter.agent().empty()) absl::StrAppend(&sql, " AND a.agent = ?3");
  if (filter.action_kind() != 0) absl::StrAppend(&sql, " AND a.kind = ?4");
  if (!filter.outcome().empty()) absl::StrAppend(&sql, " AND a.outcome = ?5");
  if (filter.type() != 0) absl::StrAppend(&sql, " AND a.type = ?6");
  if (!filter.execution_id().empty()) {
    absl::StrAppend(&sql, " AND a.execution_id = ?7 AND a.execution_id <> ''");
  }
  // As bytes: nothing in it has a meaning.
  if (!filter.text().empty()) {
    absl::StrAppend(&sql, " AND (instr(a.record, ?8) OR instr(p.payload, ?8))");
  }
  return absl::StrCat(sql, " ORDER BY a.sequence DESC");
}

void BindFilter(Statement& list, const AuditFilter& filter) {
  if (!filter.agent().empty()) list.BindText(3, filter.agent());
  if (filter.action_kind() != 0) list.BindInt(4, filter.action_kind());
  if (!filter.outcome().empty()) list.BindText(5, filter.outcome());
  if (filter.type() != 0) list.BindInt(6, filter.type());
  if (!filter.execution_id().empty()) list.BindText(7, filter.execution_id());
  if (!filter.text().empty()) list.BindBlob(8, filter.text());
}

SealedAuditRecord ReadSealed(const Statement& row) {
  SealedAuditRecord sealed;
  sealed.set_record(row.Bytes(1));
  sealed.set_hash(row.Bytes(2));
  sealed.set_payload(row.Bytes(3));
  return sealed;
}

// A record that cannot be read is a finding for who looks at the chain: here it
// is shown if nothing but its columns is asked for.
bool IsWanted(const AuditFilter& filter, const SealedAuditRecord& sealed) {
  AuditRecord record;
  if (!record.ParseFromString(sealed.record())) return filter.text().empty();
  return Passes(filter, record, sealed.payload());
}

absl::Status FillPage(Statement& list, const AuditQuery& query,
                      AuditPage& page) {
  std::size_t bytes = 0;
  std::int64_t last = 0;
  while (true) {
    const absl::StatusOr<bool> row = list.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    SealedAuditRecord sealed = ReadSealed(list);
    if (!IsWanted(query.filter, sealed)) continue;
    bytes += sealed.ByteSizeLong();
    if (IsFull(page.records.size(), bytes, query.page_size)) {
      page.next_page_token = absl::StrCat(last);
      return absl::OkStatus();
    }
    page.records.push_back(std::move(sealed));
    last = list.Int(0);
  }
}

}  // namespace

absl::StatusOr<AuditPage> AuditReader::List(const AuditQuery& query) {
  const absl::StatusOr<std::uint64_t> before =
      SequenceFromToken(query.page_token);
  if (!before.ok()) return before.status();
  const absl::StatusOr<Range> range = RangeOf(database_, query.filter);
  if (!range.ok()) return range.status();
  Statement list = database_.Prepare(ListSqlFor(query.filter));
  list.BindInt(1, range->first);
  list.BindInt(2, std::min(range->end, static_cast<std::int64_t>(*before)));
  BindFilter(list, query.filter);
  AuditPage page;
  absl::Status status = FillPage(list, query, page);
  if (!status.ok()) return status;
  return page;
}

absl::StatusOr<std::vector<SealedAuditRecord>> AuditReader::Read(
    std::uint64_t first, int count) {
  std::vector<SealedAuditRecord> records;
  constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max();
  if (first > kLast || count <= 0) return records;
  Statement read = database_.Use(kRead);
  read.BindInt(1, static_cast<std::int64_t>(first)).BindInt(2, count);
  while (true) {
    const absl::StatusOr<bool> row = read.Step();
    if (!row.ok()) return row.status();
    if (!*row) return records;
    records.push_back(ReadSealed(read));
  }
}

absl::StatusOr<AuditHead> AuditReader::Head() {
  Statement head = database_.Use(kHead);
  const absl::StatusOr<bool> row = head.Step();
  if (!row.ok()) return row.status();
  return AuditHead{head.Bytes(0), static_cast<std::uint64_t>(head.Int(1)),
                   head.Bytes(2)};
}

}  // namespace airlock::policy
