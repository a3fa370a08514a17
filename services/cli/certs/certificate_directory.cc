#include "services/cli/certs/certificate_directory.h"

#include <sys/types.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/security/ed25519.h"
#include "services/cli/certs/grant_keys.h"
#include "services/cli/certs/key_pair.h"
#include "services/cli/certs/role_certificate.h"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kAuthorityValidity = absl::Hours(24 * 3650);
// Beyond this nobody means it.
constexpr absl::Duration kMaxValidity = absl::Hours(24 * 36500);

struct NewFile {
  std::string name;
  std::string content;
  mode_t mode;
};

absl::Status AddCredential(absl::string_view name, const Credential& credential,
                           std::vector<NewFile>& files) {
  absl::StatusOr<std::string> certificate =
      CertificatePem(credential.certificate);
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key = PrivateKeyPem(credential.key);
  if (!key.ok()) return key.status();
  files.push_back(
      {absl::StrCat(name, ".pem"), *std::move(certificate), kPublicFileMode});
  files.push_back(
      {absl::StrCat(name, ".key"), *std::move(key), kPrivateFileMode});
  return absl::OkStatus();
}

void AddGrantKey(std::vector<NewFile>& files) {
  const SigningKey key = SigningKey::Generate();
  files.push_back({kGrantKeyName, key.ToPem(), kPrivateFileMode});
  files.push_back(
      {kGrantPublicName, key.verify_key().ToPem(), kPublicFileMode});
}

absl::StatusOr<std::vector<NewFile>> MakeFiles(
    const CertificateOptions& options, absl::Time now) {
  std::vector<NewFile> files;
  const absl::Duration authority_validity =
      std::max(options.validity, kAuthorityValidity);
  absl::StatusOr<Credential> authority =
      MakeAuthority("Airlock authority", now, now + authority_validity);
  if (!authority.ok()) return authority.status();
  absl::Status added = AddCredential("ca", *authority, files);
  for (const PeerRoleName role : {PeerRoleName::kGateway, PeerRoleName::kPolicy,
                                  PeerRoleName::kExecutor}) {
    if (!added.ok()) return added;
    const absl::StatusOr<Credential> credential = MakeRoleCertificate(
        *authority, role, options.hosts, now, now + options.validity);
    if (!credential.ok()) return credential.status();
    added = AddCredential(RoleWord(role), *credential, files);
  }
  if (!added.ok()) return added;
  AddGrantKey(files);
  return files;
}

absl::Status RefuseToOverwrite(const std::filesystem::path& directory,
                               const std::vector<NewFile>& files) {
  for (const NewFile& file : files) {
    std::error_code error;
    const std::filesystem::path path = directory / file.name;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
      return absl::AlreadyExistsError(
          absl::StrCat("\"", path.string(),
                       "\" is there already; --force replaces it, and "
                       "every service needs the new files then"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CreateCertificateDirectory(const CertificateOptions& options,
                                        absl::Time now) {
  if (options.validity < absl::Hours(24) || options.validity > kMaxValidity) {
    return absl::InvalidArgumentError(
        absl::StrCat("days must be in [1, 36500]: got ",
                     absl::ToInt64Hours(options.validity) / 24));
  }
  const absl::StatusOr<std::vector<NewFile>> files = MakeFiles(options, now);
  if (!files.ok()) return files.status();
  const std::filesystem::path directory = options.directory;
  if (!options.force) {
    absl::Status free = RefuseToOverwrite(directory, *files);
    if (!free.ok()) return free;
  }
  absl::Status made = MakePrivateDirectory(options.directory);
  if (!made.ok()) return made;
  for (const NewFile& file : *files) {
    absl::Status written =
        WriteFileAtomically(directory / file.name, file.content, file.mode);
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

}  // namespace airlock::cli
