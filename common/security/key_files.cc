#include "common/security/key_files.h"

#include <algorithm>

namespace airlock {

absl::StatusOr<std::unique_ptr<VerifyKeyFile>> VerifyKeyFile::Open(
    absl::string_view path) {
  auto file = ReloadedFile<Keys>::Open(
      std::string(path), "public key file",
      [](const std::string& from) { return VerifyKey::AllFromPemFile(from); });
  if (!file.ok()) return file.status();
  // The constructor is private.
  return std::unique_ptr<VerifyKeyFile>(new VerifyKeyFile(*std::move(file)));
}

bool VerifyKeyFile::Verify(absl::string_view message,
                           absl::string_view signature) const {
  const std::shared_ptr<const Keys> keys = file_->Get();
  return std::any_of(keys->begin(), keys->end(), [&](const VerifyKey& key) {
    return key.Verify(message, signature);
  });
}

absl::StatusOr<std::unique_ptr<SigningKeyFile>> SigningKeyFile::Open(
    absl::string_view path) {
  auto file = ReloadedFile<SigningKey>::Open(
      std::string(path), "signing key file",
      [](const std::string& from) { return SigningKey::FromPemFile(from); });
  if (!file.ok()) return file.status();
  // The constructor is private.
  return std::unique_ptr<SigningKeyFile>(new SigningKeyFile(*std::move(file)));
}

}  // namespace airlock
