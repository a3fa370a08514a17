// The private key an executor logs in with.
#pragma once

#include "absl/status/statusor.h"
#include "common/security/secret.h"
#include "services/executor/backends/ssh/connection/ssh_target.h"

namespace airlock::executor {

// As it stands in its file, with what opens it.
struct SshKey {
  Secret text;
  // Empty: the key is not encrypted.
  Secret passphrase;
  bool encrypted = false;
};

// Reads the key and the passphrase of `target`. Refuses, without asking the
// host, what cannot work or should not be used: kFailedPrecondition
// PRIVATE_KEY_UNUSABLE, naming the setting and what would do.
//
// The key's file must be ours or root's and closed to others; its group may
// read it only where it is root's and we are not: so Kubernetes gives keys to
// a service. An RSA key is refused because libssh2 1.10 signs with it in SHA-1
// alone, which hosts do not accept.
absl::StatusOr<SshKey> LoadSshKey(const SshTarget& target);

}  // namespace airlock::executor
