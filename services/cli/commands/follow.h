// Following an execution as a command does: signals, output, exit code.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "services/cli/client/airlock_client.h"
#include "services/cli/client/connection.h"
#include "services/cli/commands/command_line.h"
#include "services/cli/run/follower.h"

namespace airlock::cli {

// What the first SIGINT, SIGTERM or SIGHUP does: cancels the execution, or
// only stops following it. A second one always only stops.
enum class WhoCancels { kFirstSignal, kNobody };

// Connects and lets `follow` follow an execution until `deadline` at the
// latest; says on standard error why it did not simply exit. Returns the
// execution's exit code. Call before other threads are there.
int FollowAsCommand(const CommandLine& line, const ConnectionFlags& flags,
                    absl::Time deadline, WhoCancels who_cancels,
                    const std::function<absl::StatusOr<airlock::v1::Execution>(
                        AirlockClient&, Follower&)>& follow);

// A line about what this program does, on standard error.
void PrintNote(absl::string_view text);

}  // namespace airlock::cli
