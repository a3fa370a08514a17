#include "services/policy/dispatch/journal.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr absl::Duration kProbe = absl::Seconds(1);

// Whether it was the store that failed, rather than what was asked of it.
bool IsOfTheStore(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDataLoss(status) ||
         absl::IsInternal(status);
}

}  // namespace

void Journal::Commit(Transaction transaction, Done done) {
  if (closed_) {
    serializer_.Submit([done = std::move(done)] {
      done(MakeError(absl::StatusCode::kUnavailable, "STORE_CLOSED",
                     "this policy service is stopping"));
    });
    return;
  }
  std::vector<airlock::v1::AuditEventType> types;
  for (const AuditEntry& entry : transaction.audit) {
    types.push_back(entry.record.type());
  }
  store_.Commit(std::move(transaction),
                [this, types = std::move(types),
                 done = std::move(done)](absl::Status status) {
                  serializer_.Submit([this, types, done, status] {
                    Count(types, status.ok());
                    NoteHealth(status);
                    done(status);
                  });
                });
}

void Journal::Count(const std::vector<airlock::v1::AuditEventType>& types,
                    bool recorded) {
  if (!recorded) metrics_.CountStoreFailure();
  for (const airlock::v1::AuditEventType type : types) {
    if (recorded) {
      metrics_.CountAuditRecord(type);
    } else {
      metrics_.CountAuditFailure();
    }
  }
}

void Journal::NoteHealth(const absl::Status& status) {
  if (status.ok() && !health_.ok()) {
    LogInfo("the store can be written to again");
    health_ = status;
  } else if (IsOfTheStore(status)) {
    if (health_.ok()) {
      LogError("the store cannot be written to; new work is refused",
               {{"error", status.ToString()}});
    }
    health_ = status;
  }
}

absl::Status Journal::CheckWritable() const {
  if (health_.ok()) return absl::OkStatus();
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                absl::StrCat("nothing can be recorded now, so nothing new is "
                             "taken; try again: ",
                             health_.message())),
      kProbe);
}

void Journal::Tick(absl::Duration now) {
  if (health_.ok() || probing_ || now < next_probe_) return;
  probing_ = true;
  next_probe_ = now + kProbe;
  Commit({}, [this](const absl::Status& /*status*/) { probing_ = false; });
}

void Journal::Note(Transaction transaction) {
  Commit(std::move(transaction), [](const absl::Status& status) {
    if (status.ok()) return;
    LogError("an event could not be recorded", {{"error", status.ToString()}});
  });
}

void Journal::Add(Execution& execution, Transaction& transaction) {
  ExecutionRecord record = execution.record;
  if (!execution.recorded) {
    record.spec = execution.spec;
    if (execution.request_entry.has_value()) {
      transaction.audit.push_back(*execution.request_entry);
    }
    execution.recorded = true;
  }
  transaction.executions.push_back(std::move(record));
}

}  // namespace airlock::policy
