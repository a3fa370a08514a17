// A TCP connection to a host.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace airlock::executor {

// A socket that does not block, sends at once (TCP_NODELAY) and notices within
// half a minute that the other machine takes nothing any more. Closed when it
// goes.
class HostSocket {
 public:
  // Looks the name up and tries its addresses one after the other, each with
  // its share of the time left. Blocks until `deadline` at most.
  //
  // kUnavailable SSH_UNREACHABLE, kDeadlineExceeded SSH_TIMEOUT, with host and
  // port and the cause.
  static absl::StatusOr<HostSocket> Connect(const std::string& host, int port,
                                            absl::Time deadline);

  ~HostSocket();
  HostSocket(HostSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  HostSocket& operator=(HostSocket&&) = delete;
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;

  int fd() const { return fd_; }
  // Nothing is sent or received any more.
  void ShutDown() const;

 private:
  explicit HostSocket(int fd) : fd_(fd) {}

  int fd_;
};

// Blocks until the socket is ready for `events` (as for poll()) or `deadline`;
// false at the deadline. An error of the socket counts as ready.
bool WaitForSocket(int fd, int events, absl::Time deadline);

}  // namespace airlock::executor
