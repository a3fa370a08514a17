// A TCP connection to a host.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/wake_up.h"

namespace airlock::executor {

// A socket that does not block, sends at once (TCP_NODELAY) and notices within
// half a minute that the other machine takes nothing any more. Closed when it
// goes.
class HostSocket {
 public:
  // Looks the name up and tries its addresses one after the other, each with
  // its share of the time left. Blocks until `deadline` at most, or until
  // `stop`, which must outlive the socket, is rung: then its waits end as if it
  // was too late. nullptr: nobody stops it.
  //
  // kUnavailable SSH_UNREACHABLE, kDeadlineExceeded SSH_TIMEOUT, with host and
  // port and the cause.
  static absl::StatusOr<HostSocket> Connect(const std::string& host, int port,
                                            absl::Time deadline,
                                            const WakeUp* stop = nullptr);

  ~HostSocket();
  HostSocket(HostSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), stop_(other.stop_) {}
  HostSocket& operator=(HostSocket&&) = delete;
  HostSocket(const HostSocket&) = delete;
  HostSocket& operator=(const HostSocket&) = delete;

  int fd() const { return fd_; }
  // As WaitForSocket(); false also once it was stopped.
  bool Wait(int events, absl::Time deadline) const;
  // Whether it is `deadline` already, or it was stopped.
  bool IsTooLate(absl::Time deadline) const;
  // Nothing is sent or received any more.
  void ShutDown() const;

 private:
  HostSocket(int fd, const WakeUp* stop) : fd_(fd), stop_(stop) {}

  int fd_;
  const WakeUp* stop_;
};

// Blocks until the socket is ready for `events` (as for poll()), `deadline`, or
// `stop` is rung; whether it is ready. An error of the socket counts as ready.
bool WaitForSocket(int fd, int events, absl::Time deadline,
                   const WakeUp* stop = nullptr);

}  // namespace airlock::executor
