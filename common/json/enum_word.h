// Enum values as words.
#pragma once

#include <string>

#include "google/protobuf/descriptor.h"

namespace airlock {

// The name of a value in lower case without the prefix that all of its enum
// have: "code_exec" for ACTION_KIND_CODE_EXEC, "unspecified" for the first one.
// A value that this version does not know is its number.
std::string EnumWord(const google::protobuf::EnumDescriptor& type, int value);

}  // namespace airlock
