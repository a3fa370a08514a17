// Messages as protobuf JSON.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace airlock::cli {

// How JSON is laid out.
enum class JsonLayout { kOneLine, kIndented };

// The message as JSON, without a newline at its end: names in lowerCamelCase,
// enums by name, bytes in base64; fields without presence are there even when
// they are empty or zero. Characters that could harm a terminal are escaped.
// kInternal: the message holds something JSON cannot say, such as a time
// beyond year 9999.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message,
                                   JsonLayout layout);

}  // namespace airlock::cli
