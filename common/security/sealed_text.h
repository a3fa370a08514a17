// Texts that others carry and cannot read or change.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

// AES-256-GCM with a random nonce (NIST SP 800-38D) in the URL-safe alphabet of
// Base64. `key` has 32 bytes; `purpose` must be the same when it is opened.
// With one key at most 2^32 texts should be sealed.
std::string SealText(absl::string_view key, absl::string_view purpose,
                     absl::string_view text);

// The text; nothing if it was not sealed with this key for this purpose.
std::optional<std::string> OpenSealedText(absl::string_view key,
                                          absl::string_view purpose,
                                          absl::string_view sealed);

}  // namespace airlock
