#include "services/executor/backends/ssh/connection/known_hosts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/security/digest.h"

namespace airlock::executor {
namespace {

// Whether a pattern of "*" and "?" is all of `name`. Both are at most a line
// long; the last "*" alone is tried again, so this takes no more than their
// product.
bool MatchesPattern(absl::string_view pattern, absl::string_view name) {
  std::size_t at = 0;
  std::size_t next = 0;
  std::optional<std::size_t> star;
  std::size_t star_next = 0;
  while (next < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_next = next;
    } else if (at < pattern.size() &&
               (pattern[at] == '?' || pattern[at] == name[next])) {
      ++at;
      ++next;
    } else if (star.has_value()) {
      at = *star + 1;
      next = ++star_next;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

// "|1|salt|hash": HMAC-SHA1 of the name, both parts in base 64.
bool MatchesHashed(absl::string_view hashed, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(hashed, '|');
  std::string salt;
  std::string hash;
  if (parts.size() != 4 || parts[1] != "1" ||
      !absl::Base64Unescape(parts[2], &salt) ||
      !absl::Base64Unescape(parts[3], &hash)) {
    return false;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  const std::string message(name);
  if (HMAC(EVP_sha1(), salt.data(), static_cast<int>(salt.size()),
           reinterpret_cast<const unsigned char*>(message.data()),
           message.size(), mac.data(), &size) == nullptr) {
    return false;
  }
  return hash == std::string(mac.begin(), mac.begin() + size);
}

bool MatchesNames(absl::string_view names, absl::string_view name) {
  if (absl::StartsWith(names, "|")) return MatchesHashed(names, name);
  bool found = false;
  for (absl::string_view part : absl::StrSplit(names, ',')) {
    const bool negated = absl::ConsumePrefix(&part, "!");
    if (!MatchesPattern(absl::AsciiStrToLower(part), name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

// No value: the line is of no use for `name`.
std::optional<KnownKey> ReadLine(absl::string_view line,
                                 absl::string_view name) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty() || absl::StartsWith(words[0], "#")) return std::nullopt;
  const bool marked = absl::StartsWith(words[0], "@");
  if (marked && words[0] != "@revoked") return std::nullopt;
  const std::size_t first = marked ? 1 : 0;
  std::string wire;
  if (words.size() < first + 3 || !MatchesNames(words[first], name) ||
      !absl::Base64Unescape(words[first + 2], &wire)) {
    return std::nullopt;
  }
  HostKey key(wire);
  if (key.type() != words[first + 1]) return std::nullopt;
  return KnownKey{marked, std::move(key), ""};
}

}  // namespace

std::vector<KnownKey> FindKnownKeys(absl::string_view text,
                                    absl::string_view path,
                                    absl::string_view name) {
  std::vector<KnownKey> found;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    std::optional<KnownKey> key = ReadLine(line, name);
    if (!key.has_value()) continue;
    key->source = absl::StrCat(path, ":", number);
    found.push_back(*std::move(key));
  }
  return found;
}

}  // namespace airlock::executor
