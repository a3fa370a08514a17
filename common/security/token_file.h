// Principals from a file with the hashes of their tokens.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/security/authenticator.h"
#include "common/security/digest.h"

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
// A role is "agent", "approver" or "operator". An id may stand there several
// times with one role, so that its token can be changed without a gap.
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
      absl::string_view bearer_token) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What tells one content of the file from another.
  struct Version {
    ino_t inode = 0;
    off_t size = -1;
    timespec modified = {};
    timespec changed = {};

    bool operator==(const Version& other) const;
  };

  explicit TokenFileAuthenticator(std::string path) : path_(std::move(path)) {}

  Version CurrentVersion() const;
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string path_;
  absl::Mutex mutex_;
  Version version_ ABSL_GUARDED_BY(mutex_);
  std::vector<TokenEntry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
