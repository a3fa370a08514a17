#include "services/cli/audit/export_verifier.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "common/audit_chain/audit_ndjson.h"
#include "common/audit_chain/checkpoint.h"
#include "common/status/error.h"
#include "services/cli/audit/line_file.h"

namespace airlock::cli {

using airlock::v1::AuditCheckpoint;
using airlock::v1::SealedAuditRecord;

absl::Status ExportVerifier::AddLine(absl::string_view line) {
  const absl::StatusOr<AuditItem> item = ParseAuditLine(line);
  if (!item.ok()) {
    return BadRecordError(chain_.next_sequence(), ErrorReason(item.status()),
                          item.status().message());
  }
  if (const auto* checkpoint = std::get_if<AuditCheckpoint>(&*item)) {
    return AddCheckpoint(*checkpoint);
  }
  return AddRecord(std::get<SealedAuditRecord>(*item));
}

absl::Status ExportVerifier::AddRecord(const SealedAuditRecord& sealed) {
  absl::Status status = chain_.Add(sealed);
  if (!status.ok()) return status;
  return anchors_.Check(chain_.head());
}

absl::Status ExportVerifier::AddCheckpoint(const AuditCheckpoint& checkpoint) {
  const ChainHead& head = chain_.head();
  if (!keys_.empty()) {
    absl::Status status = VerifyCheckpoint(keys_, checkpoint);
    if (!status.ok()) return status;
  }
  if (checkpoint.sequence() > head.sequence) {
    return BadRecordError(
        chain_.next_sequence(), "AUDIT_TAIL_CUT",
        absl::StrCat("it is missing: the checkpoint that stands here saw "
                     "record ",
                     checkpoint.sequence()));
  }
  if (checkpoint.sequence() != head.sequence ||
      checkpoint.writer() != head.writer || checkpoint.hash() != head.hash) {
    return BadRecordError(head.sequence, "AUDIT_CHECKPOINT_MISMATCH",
                          "the checkpoint behind it saw another record: one "
                          "of the two was changed");
  }
  ++checkpoints_;
  covered_ = head.sequence;
  return absl::OkStatus();
}

absl::StatusOr<VerifyReport> ExportVerifier::Finish() const {
  const ChainHead& head = chain_.head();
  if (chain_.records() == 0) {
    return BadRecordError(chain_.next_sequence(), "AUDIT_NO_RECORDS",
                          "it is missing: there are no records");
  }
  absl::Status complete = anchors_.CheckEnd(head);
  if (!complete.ok()) return complete;
  VerifyReport report;
  report.head = head;
  report.first_sequence = first_sequence_;
  report.records = chain_.records();
  report.missing_payloads = chain_.missing_payloads();
  report.checkpoints = checkpoints_;
  report.end_is_covered = covered_ == head.sequence || anchors_.Covers(head);
  if (!keys_.empty() && !report.end_is_covered) {
    return BadRecordError(
        head.sequence, "AUDIT_NOT_SIGNED",
        "no signed checkpoint covers it: the export has lost its end, or "
        "everything in it may have been written anew");
  }
  return report;
}

absl::StatusOr<ChainAnchors> ReadAnchors(const std::string& path,
                                         const std::vector<VerifyKey>& keys) {
  ChainAnchors anchors;
  std::uint64_t number = 0;
  const absl::Status read = ForEachLine(
      path, kMaxAuditLineBytes, [&](absl::string_view line) -> absl::Status {
        ++number;
        const absl::StatusOr<AuditItem> item = ParseAuditLine(line);
        if (!item.ok()) {
          return MakeError(absl::StatusCode::kDataLoss,
                           ErrorReason(item.status()),
                           absl::StrCat("line ", number, " of anchors \"", path,
                                        "\": ", item.status().message()));
        }
        const auto* checkpoint = std::get_if<AuditCheckpoint>(&*item);
        if (checkpoint == nullptr) return absl::OkStatus();
        absl::Status status = keys.empty()
                                  ? absl::OkStatus()
                                  : VerifyCheckpoint(keys, *checkpoint);
        return status.ok() ? anchors.Add(*checkpoint) : status;
      });
  if (!read.ok()) return read;
  if (anchors.size() == 0) {
    return absl::DataLossError(
        absl::StrCat("there is no checkpoint in anchors \"", path, "\""));
  }
  return anchors;
}

absl::StatusOr<VerifyReport> VerifyExport(const std::string& path,
                                          ExportVerifier& verifier) {
  const absl::Status read = ForEachLine(
      path, kMaxAuditLineBytes,
      [&](absl::string_view line) { return verifier.AddLine(line); });
  if (!read.ok()) return read;
  return verifier.Finish();
}

}  // namespace airlock::cli
