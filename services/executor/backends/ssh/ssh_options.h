// Which host, and what it may leave unenforced.
#pragma once

#include "services/executor/backends/ssh/host_link.h"

namespace airlock::executor {

// Of an SshBackend.
struct SshOptions {
  HostLinkOptions link;
  // Sandboxes are made also where the host cannot enforce memory, processes
  // or processor; what it cannot is told by the self-test.
  bool best_effort = false;
};

}  // namespace airlock::executor
