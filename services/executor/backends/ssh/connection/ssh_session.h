// libssh2, with waits that end and errors that say where.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/host_key.h"
#include "services/executor/backends/ssh/connection/host_socket.h"
#include "services/executor/backends/ssh/connection/received.h"
#include "services/executor/backends/ssh/connection/ssh_key.h"

namespace airlock::executor {

// One SSH session with at most one channel. For one thread at a time.
//
// What takes a deadline blocks until then at most; kDeadlineExceeded
// SSH_TIMEOUT. Any call may find the connection gone: kUnavailable SSH_LOST.
// After either the session is of no more use. Everything else does not block.
//
// libssh2 keeps a packet that went half, and everything else must wait until
// the rest of it went: whoever finds the socket full finishes first.
class SshSession {
 public:
  // `place` is "host:port", for errors.
  SshSession(HostSocket socket, std::string place);
  // Tells the host, if that goes at once, and closes the connection.
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  // Agrees on keys, with a host key of one of `algorithms`, best first.
  // kFailedPrecondition SSH_NO_COMMON_METHOD: there is none, or one of another
  // kind is missing. Proves nothing: check host_key() before LogIn().
  absl::Status Handshake(const std::vector<std::string>& algorithms,
                         absl::Time deadline);
  // Of a session after Handshake().
  HostKey host_key() const;

  // kPermissionDenied AUTH_REFUSED, with what the host would accept;
  // kFailedPrecondition PRIVATE_KEY_UNUSABLE: the passphrase does not open it.
  absl::Status LogIn(const std::string& username, const SshKey& key,
                     absl::Time deadline);

  // Opens the channel and starts `command` in it. kUnavailable
  // SSH_CHANNEL_REFUSED: the host gives none now, the session lives.
  absl::Status OpenChannel(const std::string& command, absl::Time deadline);
  bool has_channel() const;
  // Tells the program that no more input comes.
  absl::Status EndInput(absl::Time deadline);
  // Blocks until the host closed the channel, closes it too and returns the
  // exit code of its program, 128 and the signal if one ended it. All output
  // must have been read.
  absl::StatusOr<int> CloseChannel(absl::Time deadline);

  // As SshConnection::Send(), Receive(), poll_events(), SendKeepalive().
  absl::StatusOr<std::size_t> Send(absl::string_view bytes);
  absl::StatusOr<std::optional<Received>> Receive(char* buffer,
                                                  std::size_t size);
  absl::Status SendKeepalive();
  int fd() const { return socket_.fd(); }
  int poll_events() const;
  // Whether bytes taken by Send() still wait here.
  bool sending() const { return !in_flight_.empty(); }
  // How the program ended; no value while the host has not closed the channel.
  std::optional<int> exit_code();

 private:
  // Of libssh2; the one source file that knows it defines them.
  struct Library;

  // Calls `step` until it says something else than "would block".
  template <typename Step>
  absl::StatusOr<int> Repeat(Step step, absl::Time deadline,
                             absl::string_view what);
  absl::Status SetMethods(const std::vector<std::string>& algorithms);
  absl::StatusOr<std::string> AskMethods(const std::string& username,
                                         absl::Time deadline);
  absl::Status Refused(const std::string& username,
                       const std::string& methods) const;
  absl::Status OpenSessionChannel(absl::Time deadline);
  absl::Status Lost(absl::string_view what) const;
  bool socket_is_full() const;
  absl::StatusOr<std::optional<Received>> TakeQueued(char* buffer,
                                                     std::size_t size);
  // Sends what is in flight, as far as it goes.
  absl::Status Flush();
  // Sends the packet that went half, drops what is behind it.
  absl::Status FinishSending(absl::Time deadline);

  HostSocket socket_;
  const std::string place_;
  std::unique_ptr<Library> library_;
  // Taken by Send(): half on its way, or waiting until the host takes more.
  std::string in_flight_;
  // The socket was full in the middle of a packet: of Flush(), of Receive().
  // The same must go on before anything else.
  bool send_waits_ = false;
  bool receive_waits_ = false;
};

}  // namespace airlock::executor
