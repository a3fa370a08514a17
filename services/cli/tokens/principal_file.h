// Editing the file of principals and the hashes of their tokens
// (common/security/token_file.h reads it).
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/security/authenticator.h"
#include "common/security/secret.h"
#include "common/security/token_file.h"

namespace airlock::cli {

// What becomes of the tokens a principal has already.
enum class OldTokens { kRefuse, kKeep, kReplace };

// The entries of a file in its order. A file that is not there has none.
// kInvalidArgument: it is there and not such a file.
absl::StatusOr<std::vector<TokenEntry>> ReadPrincipals(const std::string& path);

// Gives `principal` a new random token and returns that: it stands nowhere
// else. The file is replaced whole; several processes may do it at once.
// kAlreadyExists: it has one, and `old_tokens` is kRefuse. kInvalidArgument:
// the id is no good, or it has one with another role that would stay.
absl::StatusOr<Secret> AddToken(const std::string& path,
                                const Principal& principal,
                                OldTokens old_tokens);

// Takes a principal with all its tokens away. kNotFound: there is none.
absl::Status RemovePrincipal(const std::string& path, const std::string& id);

}  // namespace airlock::cli
