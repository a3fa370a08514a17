// The one channel of an SSH session.
#pragma once

#include <libssh2.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/received.h"
#include "services/executor/backends/ssh/connection/ssh_library.h"

namespace airlock::executor {

// A program and its standard streams, once it is open. For one thread at a
// time; errors and what blocks as of SshSession.
//
// libssh2 keeps a packet that went half, and everything else must wait until
// the rest of it went: whoever finds the socket full finishes first.
class SshChannel {
 public:
  // `library` must outlive this.
  explicit SshChannel(SshLibrary& library) : library_(library) {}
  SshChannel(const SshChannel&) = delete;
  SshChannel& operator=(const SshChannel&) = delete;

  // Starts `command` in a new channel. kUnavailable SSH_CHANNEL_REFUSED: the
  // host gives none now, the session lives.
  absl::Status Open(const std::string& command, absl::Time deadline);
  bool is_open() const { return channel_ != nullptr; }
  // Tells the program that no more input comes.
  absl::Status EndInput(absl::Time deadline);
  // Blocks until the host closed the channel, closes it too and returns the
  // exit code of its program, 128 and the signal if one ended it. All output
  // must have been read.
  absl::StatusOr<int> Close(absl::Time deadline);

  // As SshConnection::Send(), Receive(), poll_events(), SendKeepalive().
  absl::StatusOr<std::size_t> Send(absl::string_view bytes);
  absl::StatusOr<std::optional<Received>> Receive(char* buffer,
                                                  std::size_t size);
  absl::Status SendKeepalive();
  int poll_events() const;
  // Whether bytes taken by Send() still wait here.
  bool sending() const { return !in_flight_.empty(); }
  // Whether a packet went half.
  bool in_packet() const { return send_waits_ || receive_waits_; }
  // How the program ended; no value while the host has not closed the channel.
  std::optional<int> exit_code();

 private:
  absl::Status OpenSession(absl::Time deadline);
  absl::StatusOr<std::optional<Received>> TakeQueued(char* buffer,
                                                     std::size_t size);
  // Sends what is in flight, as far as it goes.
  absl::Status Flush();
  // Sends the packet that went half, drops what is behind it.
  absl::Status FinishSending(absl::Time deadline);

  SshLibrary& library_;
  // Of the library's session, which frees it. Null: there is none.
  LIBSSH2_CHANNEL* channel_ = nullptr;
  // Taken by Send(): half on its way, or waiting until the host takes more.
  std::string in_flight_;
  // The socket was full in the middle of a packet: of Flush(), of Receive().
  // The same must go on before anything else.
  bool send_waits_ = false;
  bool receive_waits_ = false;
};

}  // namespace airlock::executor
