// libssh2's session, its socket and its memory.
#pragma once

#include <libssh2.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/host_socket.h"
#include "services/executor/backends/ssh/connection/session_memory.h"
#include "services/executor/backends/ssh/connection/socket_reads.h"

namespace airlock::executor {

// What SshSession and SshChannel share. Nothing but Repeat() blocks. For one
// thread at a time.
class SshLibrary {
 public:
  // `place` is "host:port", for errors.
  SshLibrary(HostSocket socket, std::string place);
  // Closes the connection.
  ~SshLibrary();
  SshLibrary(const SshLibrary&) = delete;
  SshLibrary& operator=(const SshLibrary&) = delete;

  // Makes the session. Once, first.
  absl::Status Start();
  // Null before Start().
  LIBSSH2_SESSION* session() const { return session_.get(); }

  // To be called before calls of libssh2 that may read: what they read
  // altogether is bounded, and then they say LIBSSH2_ERROR_EAGAIN.
  void BeginTurn() { reads_.BeginTurn(); }

  // Calls `step` until it says something else than LIBSSH2_ERROR_EAGAIN, each
  // time as a turn. kDeadlineExceeded SSH_TIMEOUT.
  template <typename Step>
  absl::StatusOr<int> Repeat(Step step, absl::Time deadline,
                             absl::string_view what) {
    while (true) {
      BeginTurn();
      const int code = step();
      if (code != LIBSSH2_ERROR_EAGAIN) return code;
      absl::Status waited = WaitForMore(deadline, what);
      if (!waited.ok()) return waited;
    }
  }

  // kUnavailable SSH_LOST, with what libssh2 says of its latest error.
  absl::Status Lost(absl::string_view what) const;

  // Whether libssh2 stopped in the middle of a packet that it sends.
  bool socket_is_full() const;

  const HostSocket& socket() const { return socket_; }
  const std::string& place() const { return place_; }

 private:
  struct FreeSession {
    void operator()(LIBSSH2_SESSION* session) const;
  };

  absl::Status WaitForMore(absl::Time deadline, absl::string_view what) const;
  // Callbacks; `abstract` points to a pointer to the SshLibrary.
  static void* Allocate(std::size_t size, void** abstract);
  static void* Reallocate(void* block, std::size_t size, void** abstract);
  static void Free(void* block, void** abstract);
  static ssize_t Read(libssh2_socket_t socket, void* buffer, std::size_t size,
                      int flags, void** abstract);

  const HostSocket socket_;
  const std::string place_;
  SessionMemory memory_;
  SocketReads reads_;
  // Last: it uses everything above.
  std::unique_ptr<LIBSSH2_SESSION, FreeSession> session_;
};

}  // namespace airlock::executor
