#include "services/cli/certs/principal_certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/security/pem_file.h"
#include "services/cli/certs/certificate_facts.h"
#include "services/cli/certs/key_pair.h"
#include "services/cli/certs/role_certificate.h"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kAuthorityValidity = absl::Hours(24 * 3650);

int NoPassphrase(char*, int, int, void*) { return -1; }

absl::Status NoAuthority(const std::string& path) {
  TakeOpenSslError();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path,
                   "\" and its key must be an authority in PEM that "
                   "`airlock certs client` has made"));
}

absl::Status WriteCredential(const fs::path& certificate_path,
                             const fs::path& key_path,
                             const Credential& credential) {
  const absl::StatusOr<std::string> certificate =
      CertificatePem(credential.certificate);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = PrivateKeyPem(credential.key);
  if (!key.ok()) return key.status();
  absl::Status written = WriteFileAtomically(key_path, *key, kPrivateFileMode);
  if (!written.ok()) return written;
  return WriteFileAtomically(certificate_path, *certificate, kPublicFileMode);
}

absl::StatusOr<Credential> ReadAuthority(const fs::path& certificate_path,
                                         const fs::path& key_path) {
  const absl::StatusOr<std::string> certificate =
      ReadSecretFile(certificate_path.string());
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = ReadPrivateFile(key_path.string());
  if (absl::IsNotFound(key.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "\"", key_path.string(), "\" is not there: only who has the key of \"",
        certificate_path.string(), "\" can sign"));
  }
  if (!key.ok()) return key.status();
  Credential authority{
      X509Certificate(PEM_read_bio_X509(ReadOnlyBio(*certificate).get(),
                                        nullptr, NoPassphrase, nullptr)),
      EvpKey(PEM_read_bio_PrivateKey(ReadOnlyBio(*key).get(), nullptr,
                                     NoPassphrase, nullptr))};
  if (authority.certificate == nullptr || authority.key == nullptr ||
      X509_check_private_key(authority.certificate.get(),
                             authority.key.get()) != 1 ||
      X509_check_ca(authority.certificate.get()) == 0) {
    return NoAuthority(certificate_path.string());
  }
  return authority;
}

// The authority of the directory, made if there is none.
absl::StatusOr<Credential> TakeAuthority(const fs::path& directory,
                                         absl::Time now) {
  absl::Status made = MakePrivateDirectory(directory);
  if (!made.ok()) return made;
  const fs::path certificate_path = directory / kClientAuthorityName;
  const fs::path key_path = directory / kClientAuthorityKeyName;
  const absl::StatusOr<FileLock> lock = FileLock::Acquire(
      absl::StrCat(key_path.string(), ".lock"), /*wait=*/true);
  if (!lock.ok()) return lock.status();
  std::error_code error;
  if (fs::exists(fs::symlink_status(certificate_path, error))) {
    return ReadAuthority(certificate_path, key_path);
  }
  absl::StatusOr<Credential> authority = MakeAuthority(
      "Airlock clients' authority", now, now + kAuthorityValidity);
  if (!authority.ok()) return authority;
  absl::Status written =
      WriteCredential(certificate_path, key_path, *authority);
  if (!written.ok()) return written;
  return authority;
}

absl::Status CheckLifetime(const Credential& authority, absl::Time expiry) {
  const absl::StatusOr<std::string> pem = CertificatePem(authority.certificate);
  if (!pem.ok()) return pem.status();
  const absl::StatusOr<CertificateFacts> facts = ReadCertificateFacts(*pem);
  if (!facts.ok()) return facts.status();
  if (expiry <= facts->expiry) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the certificate must not outlive its authority, which expires on ",
      absl::FormatTime("%Y-%m-%d", facts->expiry, absl::UTCTimeZone()),
      ": give fewer days"));
}

absl::Status RefuseToOverwrite(const std::string& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat("\"", path, "\" is there already; --force replaces it"));
}

}  // namespace

absl::Status CreatePrincipalCertificate(
    const PrincipalCertificateOptions& options, absl::Time now) {
  if (!IsPrincipalId(options.principal.id)) {
    return absl::InvalidArgumentError(
        absl::StrCat("id must be [a-z0-9][a-z0-9._-]{0,62}: got \"",
                     options.principal.id, "\""));
  }
  if (options.validity < absl::Hours(24)) {
    return absl::InvalidArgumentError("days must be at least 1");
  }
  const std::string certificate_path = absl::StrCat(options.out, ".pem");
  const std::string key_path = absl::StrCat(options.out, ".key");
  if (!options.force) {
    absl::Status free = RefuseToOverwrite(certificate_path);
    if (free.ok()) free = RefuseToOverwrite(key_path);
    if (!free.ok()) return free;
  }
  const absl::StatusOr<Credential> authority =
      TakeAuthority(options.directory, now);
  if (!authority.ok()) return authority.status();
  const absl::Time expiry = now + options.validity;
  const absl::Status lifetime = CheckLifetime(*authority, expiry);
  if (!lifetime.ok()) return lifetime;
  const absl::StatusOr<Credential> credential =
      MakePrincipalCertificate(*authority, options.principal, now, expiry);
  if (!credential.ok()) return credential.status();
  return WriteCredential(certificate_path, key_path, *credential);
}

}  // namespace airlock::cli
