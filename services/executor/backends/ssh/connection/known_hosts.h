// The known_hosts format of OpenSSH.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/executor/backends/ssh/connection/host_key.h"

namespace airlock::executor {

// One key that a file has for the host that was asked for.
struct KnownKey {
  // A key that must not be accepted any more ("@revoked").
  bool revoked = false;
  HostKey key;
  // "path:line", to be shown.
  std::string source;
};

// The keys that `text`, the content of the file `path`, has for `name` (see
// KnownHostName). Names may be patterns ("*", "?", "!") and hashed ("|1|").
// Lines nobody understands and certificate authorities are passed over: a key
// that is only there stays unknown.
std::vector<KnownKey> FindKnownKeys(absl::string_view text,
                                    absl::string_view path,
                                    absl::string_view name);

}  // namespace airlock::executor
