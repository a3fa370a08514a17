// Text from elsewhere, made safe to show on a terminal.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// Shows control, format, bidirectional and invisible characters, and spaces
// other than " ", as \u{202E}; bytes that are not UTF-8 as \x{FF}; a backslash
// as two. So nobody's text can move the cursor, hide or turn around what
// stands beside it, and the same text never looks like another one.
std::string EscapeText(absl::string_view text);

// The same for text that was escaped like this already, by somebody who may not
// be believed: a backslash stays one, so that such text does not change.
std::string EscapeRendered(absl::string_view text);

// The same for text that is JSON already: such characters outside ASCII become
// \uXXXX, which means the same to every reader of JSON.
std::string EscapeJson(absl::string_view json);

}  // namespace airlock
