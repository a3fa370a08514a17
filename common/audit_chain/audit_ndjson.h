// The audit as text: one JSON object in a line for each record and checkpoint.
//
//   {"sequence":1,"writer":"...","time":"2026-11-27T10:15:00Z","type":"request",
//    ...,"record":"<base64>","hash":"<hexadecimal>","payload":{...}}
//   {"checkpoint":{"writer":"...","sequence":1,...,"signature":"..."}}
//
// "record" has the exact bytes that were hashed; the readable fields say the
// same, and a line in which they do not is refused. "payload" is absent where
// there is none, or it is no longer kept; one that is not canonical JSON stands
// in "payloadBase64". Blanks and the order of keys do not matter.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/audit.pb.h"

namespace airlock {

// No line is longer.
inline constexpr std::size_t kMaxAuditLineBytes = std::size_t{32} << 20;

// The line of a record or checkpoint, without its newline, in UTF-8. Not safe
// for a terminal. A record that cannot be read has no readable fields. Pure.
std::string AuditLine(const airlock::v1::SealedAuditRecord& sealed);
std::string AuditLine(const airlock::v1::AuditCheckpoint& checkpoint);

// What a line is.
using AuditItem =
    std::variant<airlock::v1::SealedAuditRecord, airlock::v1::AuditCheckpoint>;

// Reads a line strictly, without a newline. Whether it is part of a chain is
// for others to say. kDataLoss, reason AUDIT_LINE_UNREADABLE: it is not JSON
// of this form, or has a key that does not belong there; AUDIT_FIELD_CHANGED:
// a readable field says something else than the bytes. Pure.
absl::StatusOr<AuditItem> ParseAuditLine(absl::string_view line);

}  // namespace airlock
