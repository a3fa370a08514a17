#include "services/executor/backends/ssh/connection/host_key.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/security/digest.h"
#include "services/executor/backends/ssh/connection/wire_reader.h"

namespace airlock::executor {

HostKey::HostKey(absl::string_view wire) : wire_(wire) {
  WireReader reader(wire);
  const absl::string_view type = reader.ReadText().value_or("");
  // It is shown and written to files.
  if (std::all_of(type.begin(), type.end(), absl::ascii_isgraph)) {
    type_ = std::string(type);
  }
}

std::string HostKey::fingerprint() const {
  std::string hash = absl::Base64Escape(ToBytes(Sha256(wire_)));
  while (!hash.empty() && hash.back() == '=') hash.pop_back();
  return absl::StrCat("SHA256:", hash);
}

std::string HostKey::text() const {
  return absl::StrCat(type_, " ", absl::Base64Escape(wire_));
}

std::string KnownHostName(absl::string_view host, int port) {
  const std::string name = absl::AsciiStrToLower(host);
  return port == 22 ? name : absl::StrCat("[", name, "]:", port);
}

}  // namespace airlock::executor
