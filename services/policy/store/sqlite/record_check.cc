#include <string>

#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/stored.pb.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/execution.pb.h"
#include "services/policy/store/commit_conditions.h"
#include "services/policy/store/sqlite/store_check.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredOutput;
using airlock::internal::v1::StoredSession;
using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Session;

constexpr char kExecutions[] =
    "SELECT id, execution, agent, request_id, ended FROM executions";
constexpr char kOutputs[] =
    "SELECT id, output FROM outputs JOIN executions USING (number)";
constexpr char kApprovals[] =
    "SELECT id, approval, agent, execution_id, state FROM approvals";
constexpr char kSessions[] =
    "SELECT id, session, agent, name, ended FROM sessions";
constexpr char kOrphans[] =
    "SELECT id, execution_id FROM approvals WHERE execution_id NOT IN "
    "(SELECT id FROM executions)";

bool Agrees(const Statement& row, const Execution& execution) {
  return execution.id() == row.Bytes(0) && execution.agent() == row.Bytes(2) &&
         execution.request_id() == row.Bytes(3) &&
         IsFinal(execution.state()) == (row.Int(4) != 0);
}

bool Agrees(const Statement& /*row*/, const StoredOutput& /*output*/) {
  return true;
}

bool Agrees(const Statement& row, const Approval& approval) {
  return approval.id() == row.Bytes(0) && approval.agent() == row.Bytes(2) &&
         approval.execution_id() == row.Bytes(3) &&
         approval.state() == row.Int(4);
}

bool Agrees(const Statement& row, const StoredSession& stored) {
  const Session& session = stored.session();
  const bool ended = session.state() != Session::STATE_OPEN;
  return session.id() == row.Bytes(0) && session.agent() == row.Bytes(2) &&
         session.name() == row.Bytes(3) && ended == (row.Int(4) != 0);
}

// Reads all rows of `sql` as messages: the id first, then the bytes.
template <typename Message>
absl::Status CheckRows(Database& database, const char* sql,
                       absl::string_view what, Findings& findings) {
  Statement rows = database.Use(sql);
  while (true) {
    const absl::StatusOr<bool> row = rows.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    Message message;
    if (!message.ParseFromString(rows.Bytes(1))) {
      findings.Add(absl::StrCat(what, " ", rows.Bytes(0), " cannot be read"));
    } else if (!Agrees(rows, message)) {
      findings.Add(absl::StrCat(what, " ", rows.Bytes(0),
                                ": its row says otherwise than its bytes"));
    }
  }
}

absl::Status CheckOrphans(Database& database, Findings& findings) {
  Statement rows = database.Use(kOrphans);
  while (true) {
    const absl::StatusOr<bool> row = rows.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    findings.Add(absl::StrCat("approval ", rows.Bytes(0),
                              ": there is no execution ", rows.Bytes(1)));
  }
}

}  // namespace

absl::Status CheckRecords(Database& database, Findings& findings) {
  absl::Status status =
      CheckRows<Execution>(database, kExecutions, "execution", findings);
  if (!status.ok()) return status;
  status = CheckRows<StoredOutput>(database, kOutputs, "output of execution",
                                   findings);
  if (!status.ok()) return status;
  status = CheckRows<Approval>(database, kApprovals, "approval", findings);
  if (!status.ok()) return status;
  status = CheckRows<StoredSession>(database, kSessions, "session", findings);
  if (!status.ok()) return status;
  return CheckOrphans(database, findings);
}

}  // namespace airlock::policy
