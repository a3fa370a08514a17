#include "services/cli/certs/grant_keys.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

std::string At(const std::string& directory, const char* name) {
  return std::filesystem::path(directory) / name;
}

// Everything that is there.
struct GrantKeys {
  SigningKey signing;
  std::optional<SigningKey> next;
  std::vector<VerifyKey> accepted;
};

bool Holds(const std::vector<VerifyKey>& keys, const VerifyKey& wanted) {
  return std::any_of(keys.begin(), keys.end(), [&wanted](const VerifyKey& key) {
    return key.Fingerprint() == wanted.Fingerprint();
  });
}

absl::StatusOr<GrantKeys> ReadKeys(const std::string& directory) {
  absl::StatusOr<SigningKey> signing =
      SigningKey::FromPemFile(At(directory, kGrantKeyName));
  if (!signing.ok()) return signing.status();
  absl::StatusOr<std::vector<VerifyKey>> accepted =
      VerifyKey::AllFromPemFile(At(directory, kGrantPublicName));
  if (!accepted.ok()) return accepted.status();
  GrantKeys keys{*std::move(signing), std::nullopt, *std::move(accepted)};
  absl::StatusOr<SigningKey> next =
      SigningKey::FromPemFile(At(directory, kNextGrantKeyName));
  if (!next.ok() && !absl::IsNotFound(next.status())) return next.status();
  // A switch that was cut short leaves the same key in both files.
  if (next.ok() && next->verify_key().Fingerprint() !=
                       keys.signing.verify_key().Fingerprint()) {
    keys.next = *std::move(next);
  }
  return keys;
}

// Without it executors refuse every grant: something was mixed up.
absl::Status CheckSignerIsAccepted(const std::string& directory,
                                   const GrantKeys& keys) {
  if (Holds(keys.accepted, keys.signing.verify_key())) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "\"", At(directory, kGrantPublicName), "\" lacks the public key of ",
      kGrantKeyName,
      ": they are not of the same directory; put the right one back first"));
}

absl::Status WritePublicKeys(const std::string& directory,
                             const std::vector<VerifyKey>& keys) {
  std::string pem;
  for (const VerifyKey& key : keys) absl::StrAppend(&pem, key.ToPem());
  return WriteFileAtomically(At(directory, kGrantPublicName), pem,
                             kPublicFileMode);
}

// One rotation at a time.
absl::StatusOr<FileLock> Lock(const std::string& directory) {
  return FileLock::Acquire(At(directory, "grant.lock"), /*wait=*/true);
}

bool IsThere(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

absl::Status RefuseToOverwrite(const std::string& directory) {
  for (const char* name :
       {kGrantKeyName, kNextGrantKeyName, kGrantPublicName}) {
    const std::string path = At(directory, name);
    if (!IsThere(path)) continue;
    return absl::AlreadyExistsError(absl::StrCat(
        "\"", path, "\" is there already; airlock keys rotate replaces a key"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InitGrantKeys(const std::string& directory) {
  absl::Status made = MakePrivateDirectory(directory);
  if (!made.ok()) return made;
  const absl::StatusOr<FileLock> lock = Lock(directory);
  if (!lock.ok()) return lock.status();
  absl::Status is_free = RefuseToOverwrite(directory);
  if (!is_free.ok()) return is_free;
  const SigningKey key = SigningKey::Generate();
  absl::Status written = WriteFileAtomically(At(directory, kGrantKeyName),
                                             key.ToPem(), kPrivateFileMode);
  if (!written.ok()) return written;
  std::vector<VerifyKey> keys;
  keys.push_back(key.verify_key());
  return WritePublicKeys(directory, keys);
}

absl::Status PrepareGrantKey(const std::string& directory) {
  const absl::StatusOr<FileLock> lock = Lock(directory);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<GrantKeys> keys = ReadKeys(directory);
  if (!keys.ok()) return keys.status();
  absl::Status accepted = CheckSignerIsAccepted(directory, *keys);
  if (!accepted.ok()) return accepted;
  if (!keys->next.has_value()) {
    if (keys->accepted.size() == kMaxVerifyKeys) {
      return absl::FailedPreconditionError(absl::StrCat(
          "\"", At(directory, kGrantPublicName), "\" holds ", kMaxVerifyKeys,
          " keys already; airlock keys retire takes the old ones "
          "out"));
    }
    keys->next = SigningKey::Generate();
    // Before the public one, so that nothing is accepted that nobody has.
    absl::Status written =
        WriteFileAtomically(At(directory, kNextGrantKeyName),
                            keys->next->ToPem(), kPrivateFileMode);
    if (!written.ok()) return written;
  }
  if (Holds(keys->accepted, keys->next->verify_key())) return absl::OkStatus();
  keys->accepted.push_back(keys->next->verify_key());
  return WritePublicKeys(directory, keys->accepted);
}

absl::Status SwitchGrantKey(const std::string& directory) {
  const absl::StatusOr<FileLock> lock = Lock(directory);
  if (!lock.ok()) return lock.status();
  const absl::StatusOr<GrantKeys> keys = ReadKeys(directory);
  if (!keys.ok()) return keys.status();
  if (!keys->next.has_value() ||
      !Holds(keys->accepted, keys->next->verify_key())) {
    return absl::FailedPreconditionError(
        absl::StrCat("no next key is prepared in \"", directory,
                     "\": airlock keys rotate --prepare makes one, and every "
                     "executor must have the new ",
                     kGrantPublicName, " first"));
  }
  // Written anew rather than renamed: that syncs, and the mode is ours.
  absl::Status written = WriteFileAtomically(
      At(directory, kGrantKeyName), keys->next->ToPem(), kPrivateFileMode);
  if (!written.ok()) return written;
  const std::string next = At(directory, kNextGrantKeyName);
  if (std::remove(next.c_str()) != 0) {
    return absl::ErrnoToStatus(errno,
                               absl::StrCat("cannot remove \"", next, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> RetireGrantKeys(const std::string& directory) {
  const absl::StatusOr<FileLock> lock = Lock(directory);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<GrantKeys> keys = ReadKeys(directory);
  if (!keys.ok()) return keys.status();
  absl::Status accepted = CheckSignerIsAccepted(directory, *keys);
  if (!accepted.ok()) return accepted;
  const std::string signing = keys->signing.verify_key().Fingerprint();
  const std::string next =
      keys->next.has_value() ? keys->next->verify_key().Fingerprint() : "";
  const std::size_t retired =
      std::erase_if(keys->accepted, [&](const VerifyKey& key) {
        return key.Fingerprint() != signing && key.Fingerprint() != next;
      });
  if (retired == 0) return 0;
  absl::Status written = WritePublicKeys(directory, keys->accepted);
  if (!written.ok()) return written;
  return static_cast<int>(retired);
}

absl::StatusOr<std::vector<GrantKeyFacts>> ListGrantKeys(
    const std::string& directory) {
  const absl::StatusOr<GrantKeys> keys = ReadKeys(directory);
  if (!keys.ok()) return keys.status();
  std::vector<std::pair<std::string, GrantKeyUse>> own = {
      {keys->signing.verify_key().Fingerprint(), GrantKeyUse::kSigns}};
  if (keys->next.has_value()) {
    own.emplace_back(keys->next->verify_key().Fingerprint(),
                     GrantKeyUse::kNext);
  }
  std::vector<GrantKeyFacts> facts;
  for (const VerifyKey& key : keys->accepted) {
    const std::string fingerprint = key.Fingerprint();
    const auto found =
        std::find_if(own.begin(), own.end(),
                     [&](const auto& one) { return one.first == fingerprint; });
    facts.push_back({fingerprint,
                     found == own.end() ? GrantKeyUse::kOld : found->second,
                     /*accepted=*/true});
  }
  for (const auto& [fingerprint, use] : own) {
    const bool is_listed = std::any_of(
        facts.begin(), facts.end(),
        [&id = fingerprint](const auto& one) { return one.fingerprint == id; });
    if (!is_listed) facts.push_back({fingerprint, use, /*accepted=*/false});
  }
  return facts;
}

}  // namespace airlock::cli
