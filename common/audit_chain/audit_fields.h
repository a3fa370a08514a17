// The fields of audit messages as people read them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/message.h"

namespace airlock {

// A name and a value in canonical JSON.
using AuditField = std::pair<std::string, std::string>;

// The fields that are set, in the order of their numbers, by their JSON names:
// enums as words, bytes in hexadecimal, times in RFC 3339 (UTC). For records
// and checkpoints, which have nothing else; any other field is a bug and
// aborts. Pure.
std::vector<AuditField> AuditFields(const google::protobuf::Message& message);

}  // namespace airlock
