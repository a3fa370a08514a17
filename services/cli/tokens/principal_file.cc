#include "services/cli/tokens/principal_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/security/digest.h"
#include "common/security/random.h"
#include "nlohmann/json.hpp"
#include "services/cli/files/small_file.h"

namespace airlock::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 1 << 20;
constexpr std::size_t kTokenBytes = 32;
// Lets scanners for leaked secrets know a token when they see one.
constexpr absl::string_view kTokenPrefix = "alk_";

absl::Status WritePrincipals(const std::string& path,
                             const std::vector<TokenEntry>& entries) {
  json principals = json::array();
  for (const TokenEntry& entry : entries) {
    principals.push_back(
        {{"id", entry.principal.id},
         {"role", std::string(PrincipalRoleWord(entry.principal.role))},
         {"tokenSha256", ToHex(entry.token_sha256)}});
  }
  const json file = {{"principals", principals}};
  return WriteFileAtomically(path, absl::StrCat(file.dump(2), "\n"),
                             kPrivateFileMode);
}

absl::StatusOr<FileLock> LockForEditing(const std::string& path) {
  return FileLock::Acquire(absl::StrCat(path, ".lock"), /*wait=*/true);
}

// Makes room for another token of `principal`.
absl::Status SettleOldTokens(const Principal& principal, OldTokens old_tokens,
                             std::vector<TokenEntry>& entries) {
  const auto is_same = [&principal](const TokenEntry& entry) {
    return entry.principal.id == principal.id;
  };
  if (old_tokens == OldTokens::kReplace) {
    std::erase_if(entries, is_same);
    return absl::OkStatus();
  }
  const auto found = std::find_if(entries.begin(), entries.end(), is_same);
  if (found == entries.end()) return absl::OkStatus();
  if (old_tokens == OldTokens::kRefuse) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a principal \"", principal.id,
                     "\" already; --replace gives "
                     "it a new token, --add gives it another one"));
  }
  if (found->principal.role != principal.role) {
    return absl::InvalidArgumentError(
        absl::StrCat("the principal \"", principal.id, "\" has the role ",
                     PrincipalRoleWord(found->principal.role),
                     ", and it can have only one"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ReadPrincipals(
    const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (absl::IsNotFound(text.status())) return std::vector<TokenEntry>();
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<TokenEntry>> entries = ParseTokenFile(*text);
  if (entries.ok()) return entries;
  return absl::Status(
      entries.status().code(),
      absl::StrCat("\"", path, "\": ", entries.status().message()));
}

absl::StatusOr<Secret> AddToken(const std::string& path,
                                const Principal& principal,
                                OldTokens old_tokens) {
  if (!IsPrincipalId(principal.id)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "id must be [a-z0-9][a-z0-9._-]{0,62}: got \"", principal.id, "\""));
  }
  const absl::StatusOr<FileLock> lock = LockForEditing(path);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::vector<TokenEntry>> entries = ReadPrincipals(path);
  if (!entries.ok()) return entries.status();
  absl::Status settled = SettleOldTokens(principal, old_tokens, *entries);
  if (!settled.ok()) return settled;
  Secret token(absl::StrCat(kTokenPrefix, HexEncode(RandomBytes(kTokenBytes))));
  entries->push_back({principal, Sha256(token.Reveal())});
  absl::Status written = WritePrincipals(path, *entries);
  if (!written.ok()) return written;
  return token;
}

absl::Status RemovePrincipal(const std::string& path, const std::string& id) {
  const absl::StatusOr<FileLock> lock = LockForEditing(path);
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::vector<TokenEntry>> entries = ReadPrincipals(path);
  if (!entries.ok()) return entries.status();
  const std::size_t removed = std::erase_if(
      *entries,
      [&id](const TokenEntry& entry) { return entry.principal.id == id; });
  if (removed == 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no principal \"", id, "\" in \"", path, "\""));
  }
  return WritePrincipals(path, *entries);
}

}  // namespace airlock::cli
