#include "services/policy/audit/entry_parts.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/config/utf8.h"

namespace airlock::policy {
namespace {

// A text of a record, which is kept for ever.
constexpr std::size_t kMaxRecordText = 256;
// A text of a payload.
constexpr std::size_t kMaxPayloadText = 4096;

// The beginning of `text`, marked where it was cut, as UTF-8.
std::string Bounded(absl::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes && IsValidUtf8(text)) return std::string(text);
  const bool cut = text.size() > max_bytes;
  text = text.substr(0, max_bytes);
  std::string valid;
  std::size_t bad = FindInvalidUtf8(text);
  while (bad != absl::string_view::npos) {
    absl::StrAppend(&valid, text.substr(0, bad), "\xEF\xBF\xBD");
    text.remove_prefix(bad + 1);
    bad = FindInvalidUtf8(text);
  }
  absl::StrAppend(&valid, text, cut ? "..." : "");
  return valid;
}

}  // namespace

std::string RecordText(absl::string_view text) {
  return Bounded(text, kMaxRecordText);
}

void WriteOptional(absl::string_view key, absl::string_view text,
                   JsonWriter& json) {
  if (!text.empty()) json.Text(key, Bounded(text, kMaxPayloadText));
}

AuditEntry NewEntry(airlock::v1::AuditEventType type,
                    const google::protobuf::Timestamp& time,
                    absl::string_view actor) {
  AuditEntry entry;
  *entry.record.mutable_time() = time;
  entry.record.set_type(type);
  entry.record.set_actor(RecordText(actor));
  return entry;
}

}  // namespace airlock::policy
