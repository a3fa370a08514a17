// What an HTTP connection becomes after "101 Switching Protocols".
#pragma once

#include <cstddef>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock {

// A raw byte stream in both directions. Nothing blocks. For one thread at a
// time. Destruction closes it.
class UpgradedConnection {
 public:
  virtual ~UpgradedConnection() = default;

  // The socket, to wait on; it stays the same. Bytes may be waiting inside
  // the connection (TLS) although the socket is not readable: after it was,
  // read until Receive() says that nothing is there.
  virtual int fd() const = 0;

  // Sends as much of `data` as goes now and returns how much, perhaps 0. What
  // was not taken must be offered again, at the same address.
  virtual absl::StatusOr<std::size_t> Send(absl::string_view data) = 0;

  // Reads what is there into `buffer`. No value: nothing now. 0: the other
  // side ended.
  virtual absl::StatusOr<std::optional<std::size_t>> Receive(
      char* buffer, std::size_t size) = 0;
};

}  // namespace airlock
