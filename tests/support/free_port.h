// Ports for servers that are stopped or killed and started again.
#pragma once

namespace airlock {

// A TCP port of the loopback address that nobody listens on, outside the range
// the kernel gives to outgoing connections, and of this process until it ends:
// so it stays free while its server is down. Throws if there is none.
// Thread-safe.
int FreePort();

}  // namespace airlock
