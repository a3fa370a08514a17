#include "services/executor/backends/docker/image_reference.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kMaxReferenceBytes = 512;
constexpr std::size_t kMaxTagBytes = 128;

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the image reference ", why, ": got \"",
                   absl::Utf8SafeCEscape(text.substr(0, 200)), "\""));
}

bool OnlyOf(absl::string_view text, absl::string_view more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains(more, c);
  });
}

bool IsDigest(absl::string_view digest) {
  return absl::StartsWith(digest, "sha256:") && digest.size() == 71 &&
         std::all_of(digest.begin() + 7, digest.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

absl::StatusOr<ImageReference> ParseImageReference(absl::string_view text) {
  if (text.empty()) return Bad(text, "must not be empty");
  if (text.size() > kMaxReferenceBytes) return Bad(text, "is too long");
  ImageReference reference;
  absl::string_view name = text;
  if (const std::size_t at = name.find('@'); at != absl::string_view::npos) {
    reference.digest = std::string(name.substr(at + 1));
    name = name.substr(0, at);
    if (!IsDigest(reference.digest)) {
      return Bad(text, "must have sha256: and 64 hex digits behind \"@\"");
    }
  }
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.rfind(':');
  if (colon != absl::string_view::npos &&
      (slash == absl::string_view::npos || colon > slash)) {
    reference.tag = std::string(name.substr(colon + 1));
    name = name.substr(0, colon);
    if (reference.tag.empty() || reference.tag.size() > kMaxTagBytes ||
        !OnlyOf(reference.tag, "_.-")) {
      return Bad(text, "has a bad tag");
    }
  } else if (reference.digest.empty()) {
    reference.tag = "latest";
  }
  if (name.empty() || !OnlyOf(name, "/_.-:") || absl::StartsWith(name, "/") ||
      absl::StartsWith(name, "-") || absl::EndsWith(name, "/") ||
      absl::StrContains(name, "//") || absl::StrContains(name, "..")) {
    return Bad(text, "has a bad name");
  }
  reference.name = std::string(name);
  const absl::string_view host = name.substr(0, name.find('/'));
  const bool names_registry =
      host.size() < name.size() &&
      (absl::StrContains(host, '.') || absl::StrContains(host, ':') ||
       host == "localhost");
  reference.registry = names_registry ? std::string(host) : "docker.io";
  return reference;
}

}  // namespace airlock::executor
