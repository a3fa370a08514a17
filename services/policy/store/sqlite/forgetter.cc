#include "services/policy/store/sqlite/forgetter.h"

#include <algorithm>
#include <cstdint>

#include "services/policy/store/retention.h"

namespace airlock::policy {
namespace {

constexpr std::int64_t kMaxRows = 500;

// Those that go. A question that is still open keeps its execution. Without the
// approvals of those that go it gives the same ones again.
#define AIRLOCK_CHOSEN(column)                                               \
  "(SELECT " column                                                          \
  " FROM executions WHERE ended = 1 AND end_time < ?1 AND NOT EXISTS ("      \
  "SELECT 1 FROM approvals WHERE execution_id = executions.id AND state = 1" \
  ") ORDER BY end_time, number LIMIT ?2)"
constexpr char kForgetApprovals[] =
    "DELETE FROM approvals WHERE execution_id IN " AIRLOCK_CHOSEN("id");
constexpr char kForgetExecutions[] =
    "DELETE FROM executions WHERE number IN " AIRLOCK_CHOSEN("number");
#undef AIRLOCK_CHOSEN
constexpr char kCount[] = "SELECT count(*) FROM executions";
constexpr char kForgetSessions[] =
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions "
    "WHERE ended = 1 AND end_time < ?1 LIMIT ?2)";
// Only those before the first record that is young enough are looked at. If the
// clock was set back, some stay a little longer for that.
constexpr char kForgetPayloads[] =
    "DELETE FROM audit_payloads WHERE sequence IN ("
    "SELECT sequence FROM audit_payloads JOIN audit USING (sequence) "
    "WHERE time < ?1 AND sequence < coalesce("
    "(SELECT sequence FROM audit WHERE time >= ?1 ORDER BY time LIMIT 1), "
    "9223372036854775807) ORDER BY sequence LIMIT ?2)";

// How many went.
absl::StatusOr<std::int64_t> Delete(Database& database, const char* sql,
                                    absl::Time before, std::int64_t count) {
  const absl::Status status = database.Use(sql)
                                  .BindInt(1, absl::ToUnixMicros(before))
                                  .BindInt(2, count)
                                  .Run();
  if (!status.ok()) return status;
  return database.changes();
}

absl::StatusOr<std::int64_t> ForgetExecutions(Database& database,
                                              absl::Time before,
                                              std::int64_t count) {
  const auto approvals = Delete(database, kForgetApprovals, before, count);
  if (!approvals.ok()) return approvals.status();
  return Delete(database, kForgetExecutions, before, count);
}

}  // namespace

Forgetter::Forgetter(const Retention& retention, std::size_t max_kept,
                     absl::Time now)
    : executions_before_(ForgetBefore(retention.executions_before, now)),
      payloads_before_(retention.audit_payloads_before),
      young_from_(now - kMinKept),
      max_kept_(max_kept) {}

absl::StatusOr<bool> Forgetter::Step(Database& database) {
  const absl::StatusOr<std::int64_t> gone = ForgetSome(database);
  if (!gone.ok()) return gone.status();
  if (*gone < kMaxRows) {
    stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
  }
  return stage_ != Stage::kDone;
}

absl::StatusOr<std::int64_t> Forgetter::ForgetSome(Database& database) const {
  switch (stage_) {
    case Stage::kOld:
      return ForgetExecutions(database, executions_before_, kMaxRows);
    case Stage::kTooMany:
      return ForgetTooMany(database);
    case Stage::kSessions:
      return Delete(database, kForgetSessions, executions_before_, kMaxRows);
    case Stage::kPayloads:
      return Delete(database, kForgetPayloads, payloads_before_, kMaxRows);
    case Stage::kDone:
      break;
  }
  return 0;
}

absl::StatusOr<std::int64_t> Forgetter::ForgetTooMany(
    Database& database) const {
  Statement count = database.Use(kCount);
  const absl::StatusOr<bool> counted = count.Step();
  if (!counted.ok()) return counted.status();
  const std::int64_t too_many =
      count.Int(0) - static_cast<std::int64_t>(max_kept_);
  if (too_many <= 0) return 0;
  return ForgetExecutions(database, young_from_, std::min(too_many, kMaxRows));
}

}  // namespace airlock::policy
