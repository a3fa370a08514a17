#include "common/security/token_file.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/config/values.h"
#include "common/security/pem_file.h"
#include "common/status/error.h"

namespace airlock {
namespace {

using nlohmann::json;

absl::Status Wrong(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, " ", what));
}

// Parses strictly: a key that stands twice in one object is an error, because
// readers disagree on which one counts.
absl::StatusOr<json> ParseStrictly(absl::string_view text) {
  std::vector<std::set<std::string>> objects;
  std::string duplicate;
  const auto watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) objects.emplace_back();
    if (event == json::parse_event_t::object_end) objects.pop_back();
    if (event == json::parse_event_t::key &&
        !objects.back().insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
    }
    return true;
  };
  json root = json::parse(text.begin(), text.end(), watch,
                          /*allow_exceptions=*/false);
  if (root.is_discarded()) return Wrong("the file", "must be JSON");
  if (!duplicate.empty()) {
    return Wrong("the file", absl::StrCat("must have each key once: \"",
                                          duplicate, "\" is there twice"));
  }
  return root;
}

absl::Status CheckKeys(const json& object, absl::string_view path,
                       const std::set<std::string>& keys) {
  if (!object.is_object()) return Wrong(path, "must be an object");
  for (const auto& item : object.items()) {
    if (!keys.contains(item.key())) {
      return Wrong(path,
                   absl::StrCat("has the unknown key \"", item.key(), "\""));
    }
  }
  for (const std::string& key : keys) {
    if (!object.contains(key)) {
      return Wrong(path, absl::StrCat("must have the key \"", key, "\""));
    }
  }
  return absl::OkStatus();
}

std::string Text(const json& object, const char* key) {
  const json& value = object.at(key);
  return value.is_string() ? value.get<std::string>() : "";
}

absl::StatusOr<TokenEntry> ParseEntry(const json& object,
                                      absl::string_view path) {
  const absl::Status keys =
      CheckKeys(object, path, {"id", "role", "tokenSha256"});
  if (!keys.ok()) return keys;
  TokenEntry entry;
  entry.principal.id = Text(object, "id");
  if (!IsPrincipalId(entry.principal.id)) {
    return Wrong(absl::StrCat(path, ".id"),
                 "must be a text that matches [a-z0-9][a-z0-9._-]{0,62}");
  }
  const auto role = PrincipalRoleFromWord(Text(object, "role"));
  if (!role.has_value()) {
    return Wrong(absl::StrCat(path, ".role"),
                 R"(must be "agent", "approver", "auditor" or "operator")");
  }
  entry.principal.role = *role;
  const std::optional<std::string> hash =
      HexDecode(Text(object, "tokenSha256"));
  if (!hash.has_value() || hash->size() != entry.token_sha256.size()) {
    return Wrong(absl::StrCat(path, ".tokenSha256"),
                 "must be the token's SHA-256 as 64 hexadecimal digits");
  }
  std::copy(hash->begin(), hash->end(), entry.token_sha256.begin());
  return entry;
}

// One id, one role; one token, one principal.
absl::Status CheckUnique(const std::vector<TokenEntry>& entries) {
  std::map<std::string, airlock::v1::PrincipalRole> roles;
  std::set<Sha256Digest> hashes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Principal& principal = entries[i].principal;
    const auto [it, added] = roles.emplace(principal.id, principal.role);
    if (!added && it->second != principal.role) {
      return Wrong(absl::StrCat("principals[", i, "].role"),
                   absl::StrCat("must be the same everywhere for \"",
                                principal.id, "\""));
    }
    if (!hashes.insert(entries[i].token_sha256).second) {
      return Wrong(absl::StrCat("principals[", i, "].tokenSha256"),
                   "must not stand there twice");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<TokenEntry>> ReadTokenFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<TokenEntry>> entries = ParseTokenFile(*text);
  if (entries.ok()) return entries;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\": ", entries.status().message()));
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ParseTokenFile(absl::string_view text) {
  absl::StatusOr<json> root = ParseStrictly(text);
  if (!root.ok()) return root.status();
  const absl::Status keys = CheckKeys(*root, "the file", {"principals"});
  if (!keys.ok()) return keys;
  const json& principals = root->at("principals");
  if (!principals.is_array()) return Wrong("principals", "must be an array");

  std::vector<TokenEntry> entries;
  for (const json& object : principals) {
    absl::StatusOr<TokenEntry> entry =
        ParseEntry(object, absl::StrCat("principals[", entries.size(), "]"));
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  const absl::Status unique = CheckUnique(entries);
  if (!unique.ok()) return unique;
  return entries;
}

absl::StatusOr<std::unique_ptr<TokenFileAuthenticator>>
TokenFileAuthenticator::Open(absl::string_view path) {
  auto file = ReloadedFile<Entries>::Open(std::string(path), "token file",
                                          ReadTokenFile);
  if (!file.ok()) return file.status();
  // The constructor is private.
  return std::unique_ptr<TokenFileAuthenticator>(
      new TokenFileAuthenticator(*std::move(file)));
}

absl::StatusOr<Principal> TokenFileAuthenticator::Authenticate(
    absl::string_view bearer_token) {
  const Sha256Digest hash = Sha256(bearer_token);
  const std::shared_ptr<const Entries> entries = file_->Get();
  // Every entry is compared in full, so that the time tells nothing.
  const TokenEntry* match = nullptr;
  for (const TokenEntry& entry : *entries) {
    if (EqualInConstantTime(ToBytes(entry.token_sha256), ToBytes(hash))) {
      match = &entry;
    }
  }
  if (match == nullptr) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID",
                     "the bearer token is not known");
  }
  return match->principal;
}

}  // namespace airlock
