// libssh2, with waits that end and errors that say where: who is there.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/host_key.h"
#include "services/executor/backends/ssh/connection/host_socket.h"
#include "services/executor/backends/ssh/connection/ssh_channel.h"
#include "services/executor/backends/ssh/connection/ssh_key.h"
#include "services/executor/backends/ssh/connection/ssh_library.h"

namespace airlock::executor {

// One SSH session with at most one channel. For one thread at a time.
//
// What takes a deadline blocks until then at most; kDeadlineExceeded
// SSH_TIMEOUT. Any call may find the connection gone: kUnavailable SSH_LOST.
// After either the session is of no more use. Everything else does not block,
// whatever the host sends.
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

  // Of a session after LogIn().
  SshChannel& channel() { return channel_; }
  const HostSocket& socket() const { return library_.socket(); }

 private:
  absl::Status SetMethods(const std::vector<std::string>& algorithms);
  absl::StatusOr<std::string> AskMethods(const std::string& username,
                                         absl::Time deadline);
  absl::Status Refused(const std::string& username,
                       const std::string& methods) const;

  SshLibrary library_;
  SshChannel channel_;
};

}  // namespace airlock::executor
