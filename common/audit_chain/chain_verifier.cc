#include "common/audit_chain/chain_verifier.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/security/digest.h"
#include "common/status/error.h"

namespace airlock {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::SealedAuditRecord;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Whether something in `message`, at any depth, is unknown to this version: a
// field, or a value of an enum.
bool HasUnknown(const Message& message) {
  const auto& values = *message.GetReflection();
  if (!values.GetUnknownFields(message).empty()) return true;
  std::vector<const FieldDescriptor*> fields;
  values.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        HasUnknown(values.GetMessage(message, field))) {
      return true;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM &&
        field->enum_type()->FindValueByNumber(
            values.GetEnumValue(message, field)) == nullptr) {
      return true;
    }
  }
  return false;
}

absl::Status CheckPayload(std::uint64_t sequence, const AuditRecord& record,
                          const std::string& payload) {
  if (payload.empty()) return absl::OkStatus();
  if (record.payload_sha256().empty()) {
    return BadRecordError(sequence, "AUDIT_PAYLOAD_CHANGED",
                          "it has a payload that was not there when it was "
                          "written");
  }
  if (ToBytes(Sha256(payload)) == record.payload_sha256()) {
    return absl::OkStatus();
  }
  return BadRecordError(sequence, "AUDIT_PAYLOAD_CHANGED",
                        "its payload is not the one that was written");
}

}  // namespace

absl::Status BadRecordError(std::uint64_t sequence, absl::string_view reason,
                            absl::string_view problem) {
  return MakeError(absl::StatusCode::kDataLoss, reason,
                   absl::StrCat("record ", sequence, ": ", problem),
                   {{"sequence", absl::StrCat(sequence)}});
}

absl::Status ChainVerifier::CheckLink(const AuditRecord& record) const {
  const std::uint64_t sequence = next_sequence();
  if (record.sequence() != sequence) {
    return BadRecordError(
        sequence, "AUDIT_SEQUENCE_GAP",
        absl::StrCat("record ", record.sequence(), " stands in its place"));
  }
  const bool is_first = records() == 0;
  const bool has_known_link = !is_first || sequence == 1;
  if (has_known_link && record.previous_hash() != head_.hash) {
    return BadRecordError(
        sequence, "AUDIT_PREVIOUS_HASH_MISMATCH",
        is_first
            ? "its previous hash is not that of a beginning"
            : absl::StrCat("its previous hash is not the hash of record ",
                           head_.sequence, ": one of the two was changed"));
  }
  if (!is_first && record.writer() != head_.writer) {
    return BadRecordError(
        sequence, "AUDIT_WRITER_CHANGED",
        absl::StrCat("its writer is ", record.writer(),
                     ", that of the chain is ", head_.writer));
  }
  return absl::OkStatus();
}

absl::Status ChainVerifier::Add(const SealedAuditRecord& sealed) {
  const std::uint64_t sequence = next_sequence();
  if (HashAuditRecord(sealed.record()) != sealed.hash()) {
    return BadRecordError(sequence, "AUDIT_HASH_MISMATCH",
                          "its hash is not that of its bytes: it was changed");
  }
  AuditRecord record;
  if (!record.ParseFromString(sealed.record())) {
    return BadRecordError(sequence, "AUDIT_RECORD_UNREADABLE",
                          "its bytes are not a record");
  }
  if (HasUnknown(record)) {
    return BadRecordError(sequence, "AUDIT_UNKNOWN_FIELD",
                          "it holds something that this version does not "
                          "know: use a newer one");
  }
  absl::Status status = CheckLink(record);
  if (status.ok()) status = CheckPayload(sequence, record, sealed.payload());
  if (!status.ok()) return status;

  if (sealed.payload().empty() && !record.payload_sha256().empty()) {
    ++missing_payloads_;
  }
  head_ = {record.writer(), record.sequence(), sealed.hash()};
  return absl::OkStatus();
}

}  // namespace airlock
