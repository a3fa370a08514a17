// What entries for the audit are put together from. Pure.
#pragma once

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "airlock/v1/audit.pb.h"
#include "common/json/json_writer.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// The beginning of `text` as UTF-8, marked where it was cut: for a record,
// which is kept for ever.
std::string RecordText(absl::string_view text);

// Writes the beginning of `text` as UTF-8, marked where it was cut, as a member
// of a payload; nothing where there is nothing to tell.
void WriteOptional(absl::string_view key, absl::string_view text,
                   JsonWriter& json);

// An entry with what every one has.
AuditEntry NewEntry(airlock::v1::AuditEventType type,
                    const google::protobuf::Timestamp& time,
                    absl::string_view actor);

// The payload of an object that `write` fills.
template <typename Write>
std::string Payload(const Write& write) {
  JsonWriter json;
  json.BeginObject();
  write(json);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace airlock::policy
