// `airlock approvals watch` on a terminal.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/cli/client/airlock_client.h"

namespace airlock::cli {

// Lets the person at `in_fd` follow and answer approvals, all or those of
// `agent` if that is not empty, until they leave or the input ends. Blocks; an
// error is one of the feed's. `client` must outlive the call.
absl::Status WatchOnTerminal(AirlockClient& client, const std::string& agent,
                             int in_fd, int out_fd);

}  // namespace airlock::cli
