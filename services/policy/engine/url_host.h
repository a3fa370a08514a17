// The host of a URL, as a rule's `host` is compared with it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::policy {

// The host of an http or https URL: lower case, without port, brackets and
// trailing dot. What two parsers could read differently is refused: user names,
// backslashes, blanks, control and non-ASCII characters, escapes in the host,
// addresses in unusual spellings. kInvalidArgument with a message that begins
// with "must".
absl::StatusOr<std::string> HostOfUrl(absl::string_view url);

}  // namespace airlock::policy
