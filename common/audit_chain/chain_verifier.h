// Whether records are the chain they claim to be.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "airlock/v1/audit.pb.h"
#include "common/audit_chain/audit_chain.h"

namespace airlock {

// Takes the records of one chain one after another, in constant memory. A
// payload that is no longer kept is counted, not an error. Not thread-safe.
class ChainVerifier {
 public:
  // `first_sequence`: that of the first record. If it is not 1, what that
  // record says of the one before it cannot be checked.
  explicit ChainVerifier(std::uint64_t first_sequence = 1)
      : first_sequence_(first_sequence) {
    head_.sequence = first_sequence - 1;
  }

  // kDataLoss if `sealed` is not the next record: the message names it by the
  // sequence it should have, which the metadata has as "sequence". Reasons:
  // AUDIT_HASH_MISMATCH, AUDIT_RECORD_UNREADABLE, AUDIT_UNKNOWN_FIELD,
  // AUDIT_SEQUENCE_GAP, AUDIT_WRITER_CHANGED, AUDIT_PREVIOUS_HASH_MISMATCH,
  // AUDIT_PAYLOAD_CHANGED. Nothing that follows an error means anything.
  absl::Status Add(const airlock::v1::SealedAuditRecord& sealed);

  // The last record. Without any: the sequence before the first one.
  const ChainHead& head() const { return head_; }
  // The sequence that the next record must have.
  std::uint64_t next_sequence() const { return head_.sequence + 1; }
  std::uint64_t records() const { return next_sequence() - first_sequence_; }
  // Records whose payload is no longer kept.
  std::uint64_t missing_payloads() const { return missing_payloads_; }

 private:
  absl::Status CheckLink(const airlock::v1::AuditRecord& record) const;

  const std::uint64_t first_sequence_;
  ChainHead head_;
  std::uint64_t missing_payloads_ = 0;
};

// An error of the record that should have this sequence: "record 17: ...".
absl::Status BadRecordError(std::uint64_t sequence, absl::string_view reason,
                            absl::string_view problem);

}  // namespace airlock
