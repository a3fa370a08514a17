// Ports for programs that are started, killed and started again.
#pragma once

namespace airlock {

// A TCP port of the loopback address that nobody listens on, outside the range
// the kernel gives to outgoing connections: so it stays free while its program
// is down. Never the same twice in a process. Throws if there is none.
int FreePort();

}  // namespace airlock
