// Messages as the payload of an audit record.
#pragma once

#include <cstddef>

#include "common/json/json_writer.h"
#include "google/protobuf/message.h"

namespace airlock::policy {

// A text or bytes of more than this stand in a payload as their length and
// SHA-256.
inline constexpr std::size_t kMaxPayloadValueBytes = std::size_t{64} << 10;
// From this length of a payload on only short values stand in it as they are.
inline constexpr std::size_t kPayloadBudgetBytes = std::size_t{256} << 10;

// Writes `message` as an object with the fields that are set, by their JSON
// names. A text is itself; bytes are {"text": ...} where they are text that can
// be printed, else {"base64": ...}; either is {"bytes": <length>, "sha256":
// <hexadecimal>} where it is too long. Enums are words in lower case, durations
// such as "1.5s". What a field holds beyond this version's schema is left out.
// Pure.
void WritePayloadMessage(const google::protobuf::Message& message,
                         JsonWriter& json);

}  // namespace airlock::policy
