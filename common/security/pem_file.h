// Small files with keys, certificates and tokens.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock {

// No file with keys, certificates or token hashes is larger.
inline constexpr std::size_t kMaxSecretFileBytes = std::size_t{1} << 20;

// The whole content of a regular file of at most kMaxSecretFileBytes.
// NOT_FOUND, PERMISSION_DENIED or INVALID_ARGUMENT with the path and the
// cause; the content is never part of an error.
absl::StatusOr<std::string> ReadSecretFile(absl::string_view path);

// The same for a private key. INVALID_ARGUMENT also if others than its owner
// and its group can read the file, or others than its owner can change it. Its
// group may read it, because that is how Kubernetes gives files to a service.
absl::StatusOr<std::string> ReadPrivateFile(absl::string_view path);

}  // namespace airlock
