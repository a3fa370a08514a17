// Nothing may run that was not understood in full.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace airlock {

// INVALID_ARGUMENT with a field violation for each field, at any depth of
// `message`, that this version's schema does not know. The violation's field
// is the path of the message that holds it, such as
// "action.code_exec.input.files[2]", and the field's number.
absl::Status RefuseUnknownFields(const google::protobuf::Message& message);

}  // namespace airlock
