// Principals from a file with the hashes of their tokens.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/authenticator.h"
#include "common/security/digest.h"
#include "common/security/reloaded_file.h"

namespace airlock {

// One line of the file.
struct TokenEntry {
  Principal principal;
  Sha256Digest token_sha256;
};

// Reads a token file's text:
//
//   {"principals": [{"id": "demo", "role": "agent", "tokenSha256": "<64
//   hex>"}]}
//
// A role is "agent", "approver", "auditor" or "operator". An id may stand there
// several times with one role, so that its token can be changed without a gap.
// INVALID_ARGUMENT names the key path of what is wrong.
absl::StatusOr<std::vector<TokenEntry>> ParseTokenFile(absl::string_view text);

// Authenticates against a token file, which is read again when it changes. If
// the new content is invalid or the file is gone the old content goes on and a
// warning is logged, once per change. Thread-safe.
class TokenFileAuthenticator final : public Authenticator {
 public:
  // Reads the file for the first time. Errors name the path.
  static absl::StatusOr<std::unique_ptr<TokenFileAuthenticator>> Open(
      absl::string_view path);

  absl::StatusOr<Principal> Authenticate(
      absl::string_view bearer_token) override;

 private:
  using Entries = std::vector<TokenEntry>;

  explicit TokenFileAuthenticator(std::unique_ptr<ReloadedFile<Entries>> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<ReloadedFile<Entries>> file_;
};

}  // namespace airlock
