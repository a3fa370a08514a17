#include "services/policy/audit/audit_checkpointer.h"

#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/audit_chain/checkpoint.h"
#include "common/logging/log.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditCheckpoint;
using airlock::v1::SealedAuditRecord;

constexpr absl::Duration kStoreTimeout = absl::Seconds(10);

// Waits for the answer of the store that `ask` asks for. The answer may still
// come after this gave up.
template <typename T, typename Ask>
absl::StatusOr<T> AwaitStore(const Ask& ask) {
  struct Answer {
    absl::Notification came;
    absl::StatusOr<T> value = absl::UnknownError("no answer yet");
  };
  const auto answer = std::make_shared<Answer>();
  ask([answer](absl::StatusOr<T> value) {
    answer->value = std::move(value);
    answer->came.Notify();
  });
  if (!answer->came.WaitForNotificationWithTimeout(kStoreTimeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("the store did not answer within ",
                     absl::FormatDuration(kStoreTimeout)));
  }
  return std::move(answer->value);
}

absl::Status Differs(absl::string_view reason, const AuditCheckpoint& last,
                     absl::string_view message) {
  return MakeError(
      absl::StatusCode::kDataLoss, reason, message,
      {{"sequence", absl::StrCat(last.sequence())}, {"writer", last.writer()}});
}

}  // namespace

absl::StatusOr<ChainHead> AuditCheckpointer::ReadHead() {
  absl::StatusOr<AuditHead> head = AwaitStore<AuditHead>(
      [this](auto done) { store_.GetAuditHead(std::move(done)); });
  if (!head.ok()) return head.status();
  return ChainHead{head->writer, head->sequence, head->hash};
}

absl::Status AuditCheckpointer::Compare() {
  const auto last = file_.ReadLast();
  if (!last.ok()) return last.status();
  if (!last->has_value()) return absl::OkStatus();
  const AuditCheckpoint& checkpoint = **last;
  const absl::StatusOr<ChainHead> head = ReadHead();
  if (!head.ok()) return head.status();
  if (head->writer != checkpoint.writer()) {
    return Differs(
        "AUDIT_OTHER_STORE", checkpoint,
        absl::StrCat("the last checkpoint is of store ", checkpoint.writer(),
                     ", this one is ", head->writer));
  }
  if (head->sequence < checkpoint.sequence()) {
    return Differs(
        "AUDIT_STORE_BEHIND", checkpoint,
        absl::StrCat("the last checkpoint saw record ", checkpoint.sequence(),
                     ", the store ends at ", head->sequence,
                     ": its tail was cut, or it is an older one"));
  }
  const auto records =
      AwaitStore<std::vector<SealedAuditRecord>>([&](auto done) {
        store_.ReadAudit(checkpoint.sequence(), 1, std::move(done));
      });
  if (!records.ok()) return records.status();
  if (records->size() == 1 && records->front().hash() == checkpoint.hash()) {
    return absl::OkStatus();
  }
  return Differs("AUDIT_CHAIN_CHANGED", checkpoint,
                 absl::StrCat("record ", checkpoint.sequence(),
                              " is not the one that the last checkpoint saw"));
}

absl::Status AuditCheckpointer::CompareWithStore() {
  absl::MutexLock lock(&mutex_);
  absl::Status status = Compare();
  if (!status.ok()) {
    LogError("the audit is not what its last checkpoint says",
             {{"reason", ErrorReason(status)}, {"error", status}});
    observer_.on_failure();
  }
  return status;
}

absl::Status AuditCheckpointer::Make() {
  const absl::StatusOr<ChainHead> head = ReadHead();
  if (!head.ok()) return head.status();
  if (head->sequence == 0 ||
      (head->sequence == last_.sequence && head->hash == last_.hash)) {
    return absl::OkStatus();
  }
  const absl::Time now = clock_.Now();
  const AuditCheckpoint checkpoint = SignCheckpoint(key_, *head, now);
  // Into the log first: it may be all that is left when the disk is full.
  LogInfo("audit checkpoint", {{"sequence", head->sequence},
                               {"checkpoint", AuditLine(checkpoint)}});
  const absl::Status appended = file_.Append(checkpoint);
  if (!appended.ok()) return appended;
  last_ = *head;
  observer_.on_checkpoint(now);
  return absl::OkStatus();
}

absl::Status AuditCheckpointer::Checkpoint() {
  absl::MutexLock lock(&mutex_);
  absl::Status status = Make();
  if (!status.ok()) {
    LogError("no checkpoint of the audit could be made", {{"error", status}});
    observer_.on_failure();
  }
  return status;
}

}  // namespace airlock::policy
