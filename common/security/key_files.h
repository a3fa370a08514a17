// Ed25519 keys in files, read again when these change: so that a key can be
// replaced while services run.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/ed25519.h"
#include "common/security/reloaded_file.h"

namespace airlock {

// The public keys of a file, any of which may have signed: during a rotation
// the old one and the new one. Thread-safe.
class VerifyKeyFile {
 public:
  // Reads the file for the first time. Errors name the path. An invalid new
  // content keeps the old keys, with one warning.
  static absl::StatusOr<std::unique_ptr<VerifyKeyFile>> Open(
      absl::string_view path);

  // Whether one of the keys that stand there now made `signature` over exactly
  // `message`.
  bool Verify(absl::string_view message, absl::string_view signature) const;

 private:
  using Keys = std::vector<VerifyKey>;

  explicit VerifyKeyFile(std::unique_ptr<ReloadedFile<Keys>> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<ReloadedFile<Keys>> file_;
};

// The private key of a file. Thread-safe.
class SigningKeyFile {
 public:
  // Reads the file for the first time. Errors name the path. An invalid new
  // content keeps the old key, with one warning.
  static absl::StatusOr<std::unique_ptr<SigningKeyFile>> Open(
      absl::string_view path);

  // The key that stands there now. Stays good for who holds it.
  std::shared_ptr<const SigningKey> key() const { return file_->Get(); }

 private:
  explicit SigningKeyFile(std::unique_ptr<ReloadedFile<SigningKey>> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<ReloadedFile<SigningKey>> file_;
};

}  // namespace airlock
