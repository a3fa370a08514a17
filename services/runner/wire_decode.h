// From bytes to what the executor says.
#pragma once

#include <string>
#include <string_view>

#include "services/runner/messages.h"

namespace airlock::runner {

// Decodes one ToRunner message in protobuf's wire format. False when it is
// malformed, holds no or several frames, or a field this version does not
// know; then `error` says which, in one sentence.
bool DecodeToRunner(std::string_view bytes, ToRunner& out, std::string& error);

}  // namespace airlock::runner
