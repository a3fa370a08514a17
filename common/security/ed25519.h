// Ed25519 signatures.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/openssl.h"

namespace airlock {

// Bytes of every signature.
inline constexpr std::size_t kEd25519SignatureBytes = 64;

// The most public keys in one file: more than any rotation needs.
inline constexpr std::size_t kMaxVerifyKeys = 8;

// A public key. Thread-safe.
class VerifyKey {
 public:
  // Reads a public key (SubjectPublicKeyInfo) in PEM. The error names the path.
  static absl::StatusOr<VerifyKey> FromPemFile(absl::string_view path);
  static absl::StatusOr<VerifyKey> FromPem(absl::string_view pem);

  // Reads 1 to kMaxVerifyKeys of them, one after the other with nothing else
  // between. One that is no good is an error for all: INVALID_ARGUMENT says
  // which. Never returns none.
  static absl::StatusOr<std::vector<VerifyKey>> AllFromPemFile(
      absl::string_view path);
  static absl::StatusOr<std::vector<VerifyKey>> AllFromPem(
      absl::string_view pem);

  // Whether `signature` was made over exactly `message` with the matching key.
  bool Verify(absl::string_view message, absl::string_view signature) const;

  // The key in PEM.
  std::string ToPem() const;

  // What tells it from other keys: the SHA-256 of its DER form, as 64
  // hexadecimal digits.
  std::string Fingerprint() const;

 private:
  friend class SigningKey;
  explicit VerifyKey(EvpKey key) : key_(std::move(key)) {}

  EvpKey key_;
};

// A private key. Thread-safe. Never printed.
class SigningKey {
 public:
  // A new one.
  static SigningKey Generate();
  // Reads an unencrypted private key (PKCS #8) in PEM. The error names the
  // path. A file that is not private is refused, as ReadPrivateFile() has it.
  static absl::StatusOr<SigningKey> FromPemFile(absl::string_view path);
  static absl::StatusOr<SigningKey> FromPem(absl::string_view pem);

  // The 64 bytes of a signature over `message`.
  std::string Sign(absl::string_view message) const;

  // The matching public key.
  VerifyKey verify_key() const;

  // The private key in PEM, for its file.
  std::string ToPem() const;

 private:
  explicit SigningKey(EvpKey key) : key_(std::move(key)) {}

  EvpKey key_;
};

}  // namespace airlock
