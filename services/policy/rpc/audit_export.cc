#include "services/policy/rpc/audit_export.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/audit_chain/checkpoint.h"
#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr std::uint64_t kBatchRecords = 100;

absl::Status GapError(std::uint64_t sequence) {
  return MakeError(
      absl::StatusCode::kDataLoss, "AUDIT_SEQUENCE_GAP",
      absl::StrCat("record ", sequence, " cannot be read from the store"),
      {{"sequence", absl::StrCat(sequence)}});
}

}  // namespace

AuditExport* AuditExport::Start(
    Store& store, const SigningKey& key, const Clock& clock,
    const airlock::v1::ExportAuditRecordsRequest& request) {
  std::shared_ptr<AuditExport> stream(
      new AuditExport(store, key, clock, request));
  stream->self_ = stream;
  store.GetAuditHead([stream](absl::StatusOr<AuditHead> head) {
    stream->OnHead(std::move(head));
  });
  return stream.get();
}

AuditExport::AuditExport(Store& store, const SigningKey& key,
                         const Clock& clock,
                         const airlock::v1::ExportAuditRecordsRequest& request)
    : store_(store),
      key_(key),
      clock_(clock),
      next_(std::max<std::uint64_t>(request.from_sequence(), 1)),
      end_(request.to_sequence()) {}

void AuditExport::OnHead(absl::StatusOr<AuditHead> head) {
  if (!head.ok()) {
    End(head.status());
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    end_ = end_ == 0 ? head->sequence : std::min(end_, head->sequence);
  }
  Advance();
}

void AuditExport::Advance() {
  std::uint64_t first = 0;
  int count = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    count = WriteOrCount();
    first = next_;
  }
  if (count == 0) return;
  store_.ReadAudit(
      first, count,
      [stream = shared_from_this()](absl::StatusOr<Records> records) {
        stream->OnRecords(std::move(records));
      });
}

int AuditExport::WriteOrCount() {
  if (position_ < batch_.size()) {
    *response_.mutable_record() = std::move(batch_[position_++]);
    StartWrite(&response_);
    return 0;
  }
  if (next_ > end_) {
    WriteCheckpoint();
    return 0;
  }
  return static_cast<int>(std::min(kBatchRecords, end_ - next_ + 1));
}

void AuditExport::WriteCheckpoint() {
  finished_ = true;
  if (last_.sequence == 0) {
    Finish(grpc::Status::OK);
    return;
  }
  *response_.mutable_checkpoint() = SignCheckpoint(key_, last_, clock_.Now());
  StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
}

void AuditExport::OnRecords(absl::StatusOr<Records> records) {
  if (!records.ok()) {
    End(records.status());
    return;
  }
  std::uint64_t expected = 0;
  bool taken = false;
  {
    absl::MutexLock lock(&mutex_);
    expected = next_;
    taken = TakeBatch(*std::move(records));
  }
  if (taken) {
    Advance();
  } else {
    End(GapError(expected));
  }
}

bool AuditExport::TakeBatch(Records records) {
  if (records.empty()) return false;
  airlock::v1::AuditRecord first;
  if (!first.ParseFromString(records.front().record())) return false;
  // Only the first batch may begin later than asked for: at what is kept.
  const bool goes_on = last_.sequence == 0 ? first.sequence() >= next_
                                           : first.sequence() == next_;
  if (!goes_on) return false;
  if (first.sequence() > end_) {
    records.clear();
  } else {
    records.resize(
        std::min<std::uint64_t>(records.size(), end_ - first.sequence() + 1));
  }
  next_ = first.sequence() + std::max<std::uint64_t>(records.size(), 1);
  if (!records.empty()) {
    last_ = {first.writer(), next_ - 1, records.back().hash()};
  }
  batch_ = std::move(records);
  position_ = 0;
  return true;
}

void AuditExport::End(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(finished_, true)) return;
  Finish(ToGrpcStatus(status));
}

void AuditExport::OnWriteDone(bool ok) {
  if (ok) {
    Advance();
  } else {
    End(absl::CancelledError("the client has gone away"));
  }
}

void AuditExport::OnCancel() {
  End(absl::CancelledError("the client has gone away"));
}

void AuditExport::OnDone() { self_.reset(); }

}  // namespace airlock::policy
