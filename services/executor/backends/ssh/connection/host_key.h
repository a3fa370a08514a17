// A host's public key, and how it is shown.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace airlock::executor {

// A public key as the host sent it. Untrusted until it was checked.
class HostKey {
 public:
  // `wire` is the form of RFC 4253, section 6.6.
  explicit HostKey(absl::string_view wire);

  // "ssh-ed25519", "ecdsa-sha2-nistp256"; "" if the key is malformed.
  const std::string& type() const { return type_; }
  // "SHA256:...", as ssh-keygen -l prints it.
  std::string fingerprint() const;
  // "ssh-ed25519 AAAA...", what follows the names in a known_hosts file.
  std::string text() const;

  friend bool operator==(const HostKey& left, const HostKey& right) {
    return left.wire_ == right.wire_;
  }

 private:
  std::string wire_;
  std::string type_;
};

// How known_hosts files name a host: "host", or "[host]:port" for a port that
// is not 22; in lower case.
std::string KnownHostName(absl::string_view host, int port);

}  // namespace airlock::executor
