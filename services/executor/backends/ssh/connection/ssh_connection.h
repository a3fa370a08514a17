// One connection to an SSH host.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/received.h"
#include "services/executor/backends/ssh/connection/ssh_target.h"
#include "services/executor/backends/ssh/connection/wake_up.h"

namespace airlock::executor {

class SshSession;

// What one command wrote and how it ended.
struct CommandEnd {
  // 128 and the signal's number if a signal ended it, as shells say it.
  int exit_code = 0;
  // What it wrote; only the beginning if it was more than kMaxCommandOutput.
  std::string output;
  std::string errors;
};

// Bound of each stream of CommandEnd.
inline constexpr std::size_t kMaxCommandOutput = std::size_t{64} << 10U;

// A session with at most one channel at a time: for a command that ends
// (Run), or for the one program that stays (StartProgram). So a
// server with MaxSessions 1 does.
//
// Belongs to one thread at a time. After an error other than those named at a
// method the connection is of no more use.
class SshConnection {
 public:
  // Connects, checks the host's key and only then logs in. Blocks until
  // `deadline` or the target's connect_timeout. Once `stop`, which must outlive
  // the connection, is rung, whatever blocks ends as if it was too late;
  // nullptr: nobody stops it.
  //
  // kUnavailable SSH_UNREACHABLE, kDeadlineExceeded SSH_TIMEOUT: nobody there
  // who speaks SSH, each with host:port.
  // kFailedPrecondition HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, HOST_KEY_REVOKED,
  // HOST_KEY_NOT_SAVED, PRIVATE_KEY_UNUSABLE: an operator must act, the
  // message says how. kPermissionDenied AUTH_REFUSED: the account does not
  // accept the key.
  static absl::StatusOr<std::unique_ptr<SshConnection>> Dial(
      const SshTarget& target, absl::Time deadline,
      const WakeUp* stop = nullptr);

  // Ends what still runs in the channel, as far as sshd does so.
  ~SshConnection();
  SshConnection(const SshConnection&) = delete;
  SshConnection& operator=(const SshConnection&) = delete;

  // Runs a line of POSIX shell, whatever the login shell is, with `input` as
  // its input; blocks until it ended. It may contain no newline.
  //
  // kDeadlineExceeded SSH_TIMEOUT: it did not end; it may still run.
  // kUnavailable SSH_LOST: the connection is gone. kUnavailable
  // SSH_CHANNEL_REFUSED: the host gave no channel, the connection lives.
  absl::StatusOr<CommandEnd> Run(absl::string_view command,
                                 absl::string_view input, absl::Time deadline);

  // Starts a line of POSIX shell as the one program that stays. Once at most,
  // and Run() no more. Errors as of Run().
  absl::Status StartProgram(absl::string_view command, absl::Time deadline);

  // Gives bytes to the program. Does not block: says how many were taken, 0 if
  // none can be now. What was taken is kept here until it can go, at most
  // 32,000 bytes.
  absl::StatusOr<std::size_t> Send(absl::string_view bytes);

  // Takes bytes the program wrote into `buffer`. Does not block: no value if
  // nothing is there of either stream; a size of 0 at the end of both.
  absl::StatusOr<std::optional<Received>> Receive(char* buffer,
                                                  std::size_t size);

  // How the program ended. No value while it runs, or if nobody knows.
  std::optional<int> exit_code();

  // The socket, and what to poll() it for. Bytes may be inside already: poll
  // only right after Receive() returned no value. What Send() kept back is
  // sent by Receive() too; so call that whenever the socket is ready.
  int fd() const;
  int poll_events() const;

  // Keeps firewalls from forgetting the connection. Skipped while the socket
  // takes nothing. No answer is asked for: whoever needs to know that the
  // other side lives asks its program.
  absl::Status SendKeepalive();

 private:
  explicit SshConnection(std::unique_ptr<SshSession> session);

  const std::unique_ptr<SshSession> session_;
  // Of the latest Run().
  absl::Time last_end_ = absl::InfinitePast();
};

}  // namespace airlock::executor
