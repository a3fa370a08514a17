// What a script on a host answers, among what a login profile prints.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"

namespace airlock::executor {

// Runs a line of POSIX shell on the host in which "say WORDS" answers. Returns
// the answers, each a line, told by a random mark from all else that comes.
//
// kFailedPrecondition SSH_SHELL_UNUSABLE: it did not answer; the account has
// no shell, or one that does something else. Else the errors of
// SshConnection::Run().
absl::StatusOr<std::string> AskHost(SshConnection& connection,
                                    absl::string_view script,
                                    absl::string_view input,
                                    absl::Time deadline);

// The beginning of what came from a host, safe to show on one line.
std::string ShownBeginning(absl::string_view text);

}  // namespace airlock::executor
